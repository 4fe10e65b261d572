import type { ServiceScope } from "@portico/protocol";

/** A generated service definition, as far as operations are typed by it. */
export type ServiceMethods = Readonly<
  Record<
    string,
    { requestDeserialize: (bytes: Buffer) => unknown; responseSerialize: (response: never) => Buffer; responseStream: boolean }
  >
>;

type Request<M> = M extends { requestDeserialize: (bytes: Buffer) => infer R } ? R : never;
type Response<M> = M extends { responseSerialize: (response: infer R) => Buffer } ? R : never;
type UnaryRpc<S> = { [R in keyof S]: S[R] extends { responseStream: false } ? R : never }[keyof S] & string;

/** One of these scopes is needed; `none` is for every plugin. */
export type RpcScope = ServiceScope | readonly ServiceScope[] | "none";

type Definition = {
  scope: RpcScope;
  /** The service behind it records what changed, in the name of the plugin. */
  audit?: boolean;
  /** Share of the plugin's rate limit; 1 unless given. */
  cost?: number;
};

/** One rpc of a service API, with the types of its messages forgotten. */
export type Operation<Call> = Definition & { rpc: string; handle(call: Call, request: never): unknown };

/** An rpc whose resource this product does not have. It answers UNIMPLEMENTED, after its scope was checked. */
export type Unserved = { rpc: string; scope: RpcScope; reason: string };

/** `operation()` for one service definition: the handler is typed by the messages of its rpc. */
export const operationFor =
  <S, Call>() =>
  <R extends UnaryRpc<S>>(
    definition: Definition & { rpc: R; handle(call: Call, request: Request<S[R]>): Response<S[R]> | Promise<Response<S[R]>> },
  ): Operation<Call> =>
    definition;
