import type { PluginContext } from "./context.ts";
import type { PortalUser, RpcArgs } from "./definition.ts";

/** A schema of the [Standard Schema](https://standardschema.dev) kind: zod, valibot, arktype and others. */
export type StandardSchema<Input = unknown, Output = Input> = {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
};
type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly { readonly message: string; readonly path?: readonly (PropertyKey | { key: PropertyKey })[] | undefined }[];
    };
type InputOf<S> = S extends StandardSchema<infer Input, unknown> ? Input : never;
type OutputOf<S> = S extends StandardSchema<unknown, infer Output> ? Output : never;

declare const argsType: unique symbol;
/** A method whose arguments are checked before it runs. */
export type CheckedMethod<Args, Ctx, Result> = ((args: RpcArgs, ctx: Ctx) => Promise<Result>) & { readonly [argsType]?: Args };

const placeOf = (path: readonly (PropertyKey | { key: PropertyKey })[] = []): string =>
  path.map((step) => String(typeof step === "object" ? step.key : step)).join(".");

/**
 * A method for the plugin's pages whose arguments are checked against a schema first; the page's call has their types.
 * Arguments that do not fit are answered with an error that names them.
 */
export function method<S extends StandardSchema, Result, Config = Record<string, unknown>>(
  schema: S,
  run: (args: OutputOf<S>, ctx: PluginContext<Config> & { user?: PortalUser }) => Result | Promise<Result>,
): CheckedMethod<InputOf<S>, PluginContext<Config> & { user?: PortalUser }, Result> {
  return async (args, ctx) => {
    const checked = await schema["~standard"].validate(args);
    if (checked.issues)
      throw new Error(checked.issues.map(({ path, message }) => `${placeOf(path) || "arguments"}: ${message}`).join("; "));
    return run(checked.value as OutputOf<S>, ctx);
  };
}

type ArgsOf<M> = M extends { readonly [argsType]?: infer Args } ? (unknown extends Args ? RpcArgs : NonNullable<Args>) : RpcArgs;
type ResultOf<M> = M extends (...args: never[]) => infer Result ? Awaited<Result> : unknown;

/** The methods of a plugin as its pages see them: arguments and result by name. */
export type MethodsOf<Methods> = { [K in keyof Methods]: { args: ArgsOf<Methods[K]>; result: ResultOf<Methods[K]> } };

/**
 * What the admin pages of a plugin may call. Export it beside the plugin and give it to the element:
 * `export type Rpc = RpcOf<typeof plugin>`, then `this.call<Rpc>()("count")`.
 */
export type RpcOf<P> = P extends { readonly definition: { readonly rpc?: infer Methods } } ? MethodsOf<NonNullable<Methods>> : never;
/** The same for the portal pages. */
export type PortalRpcOf<P> = P extends { readonly definition: { readonly portalRpc?: infer Methods } }
  ? MethodsOf<NonNullable<Methods>>
  : never;
