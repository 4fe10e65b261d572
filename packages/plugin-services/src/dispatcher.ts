import { type ServiceDefinition, status, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { withTimeout } from "@portico/core";
import type { GrpcService } from "@portico/plugin-host";
import { GrpcError } from "@portico/protocol/grpc-error";
import { failureOf, unary } from "./adapters.ts";
import type { ObservedCall } from "./call-counts.ts";
import { type Admit, demand, type PluginCaller } from "./callers.ts";
import type { Operation, RpcScope, Unserved } from "./operation.ts";
import type { RateLimit } from "./rate-limit.ts";

/** The service as one plugin gets it: its socket is its identity. */
export type Dispatch = (pluginId: number) => GrpcService;

const defaultDeadlineMs = 30_000;

/** Lists name every rpc once: what is missing or named twice is a fault of the program, not of a call. */
function byRpc<Call>(definition: ServiceDefinition, entries: readonly (Operation<Call> | Unserved)[]) {
  const table = new Map(entries.map((entry) => [entry.rpc, entry]));
  const unknown = [...table.keys()].filter((rpc) => !Object.hasOwn(definition, rpc));
  const missing = Object.keys(definition).filter((rpc) => !table.has(rpc));
  const twice = entries.filter((entry) => table.get(entry.rpc) !== entry).map(({ rpc }) => rpc);
  const faults = Object.entries({ unknown, missing, twice }).filter(([, rpcs]) => rpcs.length > 0);
  if (faults.length > 0)
    throw new Error(`rpcs of the service API: ${faults.map(([fault, rpcs]) => `${fault}: ${rpcs.join(", ")}`).join("; ")}`);
  return table;
}

const scopesOf = (scope: RpcScope) => (typeof scope === "string" ? [scope] : scope);

/** Every call passes here: rate limit, identity, scope, deadline, the operation, counters. Everything is denied that is not granted. */
export function createDispatcher<Call>({
  definition,
  entries,
  admit,
  callOf,
  toGrpcError,
  limit,
  deadlineMs = defaultDeadlineMs,
  observe,
}: {
  definition: ServiceDefinition;
  /** Every rpc of the definition, served or not. */
  entries: readonly (Operation<Call> | Unserved)[];
  admit: Admit;
  /** What a handler gets beside the request. @throws for requests that no handler should see. */
  callOf(plugin: PluginCaller, operation: Operation<Call>, request: unknown): Call;
  /** What the plugin is told of anything thrown. */
  toGrpcError(error: unknown, call: { pluginId: number; rpc: string }): GrpcError;
  limit?: RateLimit;
  deadlineMs?: number;
  observe?(call: ObservedCall): void;
}): Dispatch {
  const table = byRpc(definition, entries);

  async function run(pluginId: number, entry: Operation<Call> | Unserved, request: unknown): Promise<unknown> {
    limit?.take(pluginId, ("cost" in entry && entry.cost) || 1);
    const plugin = await admit(pluginId);
    const scopes = scopesOf(entry.scope);
    if (entry.scope !== "none") demand(plugin, (grants) => scopes.some((scope) => grants.has(scope)), scopes[0] ?? "");
    if ("reason" in entry) throw new GrpcError(status.UNIMPLEMENTED, entry.reason);
    return entry.handle(callOf(plugin, entry, request), request as never);
  }

  async function answer(pluginId: number, entry: Operation<Call> | Unserved, request: unknown): Promise<unknown> {
    const { rpc } = entry;
    const startedAt = performance.now();
    const end = (code: status) => observe?.({ pluginId, rpc, code, durationMs: performance.now() - startedAt });
    try {
      const late = () => new GrpcError(status.DEADLINE_EXCEEDED, `${rpc} took longer than ${deadlineMs} ms`);
      const response = await withTimeout(run(pluginId, entry, request), deadlineMs, late);
      end(status.OK);
      return response;
    } catch (error) {
      const failure = error instanceof GrpcError ? error : toGrpcError(error, { pluginId, rpc });
      end(failure.code);
      throw failure;
    }
  }

  const fail = (error: unknown) => failureOf(error as GrpcError);

  return (pluginId) => {
    const implementation: UntypedServiceImplementation = {};
    for (const [rpc, entry] of table)
      implementation[rpc] = definition[rpc]?.responseStream
        ? (stream: { request: unknown; emit(event: "error", error: object): void }) =>
            void answer(pluginId, entry, stream.request).catch((error) => stream.emit("error", fail(error)))
        : unary((request) => answer(pluginId, entry, request), fail);
    return { definition, implementation };
  };
}
