import { type Client, Metadata, type ServiceError } from "@grpc/grpc-js";
import { sleep } from "@portico/core";
import { PluginServiceService } from "@portico/protocol/plugin";
import { type Breaker, createBreaker } from "./breaker.ts";
import { cancelled, fromStatus, kindOf, timedOut, unavailable } from "./call-errors.ts";
import { addLatency, type CallMetrics, type RpcCounters } from "./call-metrics.ts";
import type { Connection } from "./connection.ts";
import type { UnaryMethod } from "./hot-client.ts";
import type { RunningPlugin, StreamOptions, Timings } from "./types.ts";

const maxCallsInFlight = 256;
/** Streams may be open for minutes. Well below the 1,000 resets at once after which Node ends a whole HTTP/2 session. */
const maxStreamsInFlight = 512;

/** The only way to the methods of one process: unary calls and streams pass the same admission, deadline and observation. */
export type Calls = Pick<RunningPlugin, "call" | "stream"> & {
  /** How long calls have been waiting since the plugin last answered anything; 0 when none is. */
  waitingMs(nowMs: number): number;
  /** The plugin has shown that it is alive. */
  answered(nowMs: number): void;
  /** From now on every call is refused. */
  refuse(why: string): void;
  /** Settles when no call is in flight, or after the timeout. Calls are still admitted meanwhile. */
  drained(timeoutMs: number, signal: AbortSignal): Promise<void>;
};

type Method<Request, Response> = UnaryMethod<Request, Response>;
type Rpc = { readonly name: string; readonly counters: RpcCounters; readonly breaker: Breaker };

/** The generated definition under one name; its request and response types belong together, which an index type cannot say. */
const definitionOf = <Request, Response>(method: keyof typeof PluginServiceService) =>
  PluginServiceService[method] as unknown as Method<Request, Response>;

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

export function createCalls({
  id,
  name,
  connection: { client, broker, channel },
  metrics,
  timings: { breakerFailures, breakerOpenMs },
}: {
  id: number;
  name: () => string;
  connection: Pick<Connection, "client" | "broker" | "channel">;
  metrics: CallMetrics;
  timings: Pick<Timings, "breakerFailures" | "breakerOpenMs">;
}): Calls {
  const rpcs = new Map<string, Rpc>();
  let inFlight = 0;
  let streams = 0;
  let refusal = "";
  let unansweredSinceMs = 0;
  let onIdle: (() => void)[] = [];

  function rpcOf(method: keyof typeof PluginServiceService): Rpc {
    let rpc = rpcs.get(method);
    if (!rpc) {
      const breaker = createBreaker({ failures: breakerFailures, openMs: breakerOpenMs });
      const { path } = definitionOf(method);
      rpc = { name: path.slice(path.lastIndexOf("/") + 1), counters: metrics.of(method), breaker };
      rpcs.set(method, rpc);
    }
    return rpc;
  }

  /** @returns when the call began. @throws AppError plugin_unavailable when it may not begin. */
  function admit(rpc: Rpc): number {
    const nowMs = performance.now();
    const why =
      refusal !== ""
        ? refusal
        : inFlight - streams >= maxCallsInFlight
          ? `${maxCallsInFlight} calls are already in flight.`
          : rpc.breaker.admits(nowMs)
            ? ""
            : `${rpc.name} was not answered ${breakerFailures} times in a row; it is tried again within ${breakerOpenMs / 1000} s.`;
    if (why !== "") {
      rpc.counters.refused += 1;
      throw unavailable(name(), why, undefined, { pluginId: id });
    }
    inFlight += 1;
    if (unansweredSinceMs === 0) unansweredSinceMs = nowMs;
    return nowMs;
  }

  function answered(nowMs: number): void {
    unansweredSinceMs = inFlight === 0 ? 0 : nowMs;
  }

  /** Once for every call that was admitted. */
  function observe({ counters, breaker }: Rpc, startedMs: number, error?: unknown): void {
    const nowMs = performance.now();
    inFlight -= 1;
    counters.calls += 1;
    addLatency(counters, nowMs - startedMs);
    const kind = error === undefined ? "answered" : kindOf(error);
    if (error !== undefined) counters.errors += 1;
    if (kind === "timeout") counters.timeouts += 1;
    if (kind === "answered") {
      breaker.answered();
      answered(nowMs);
    } else if (kind === "cancelled") breaker.inconclusive();
    else breaker.unanswered(nowMs);
    if (inFlight === 0) for (const idle of onIdle.splice(0)) idle();
  }

  async function* stream<Request, Response extends object>(
    method: keyof typeof PluginServiceService,
    request: Request,
    { timeoutMs, idleTimeoutMs, signal }: StreamOptions,
  ): AsyncGenerator<Response, void, undefined> {
    const rpc = rpcOf(method);
    const callName = { plugin: name(), rpc: rpc.name };
    if (streams >= maxStreamsInFlight) {
      rpc.counters.refused += 1;
      throw unavailable(callName.plugin, `${maxStreamsInFlight} streams are already open.`, undefined, { pluginId: id });
    }
    if (signal?.aborted) throw cancelled(callName);
    const startedMs = admit(rpc);
    streams += 1;
    const opened = openStream<Request, Response>(channel, definitionOf(method), request, timeoutMs);

    let isOver = false;
    let failure: unknown;
    const end = (error?: unknown) => {
      if (isOver) return;
      isOver = true;
      failure = error;
      clearTimeout(deadline);
      clearTimeout(idle);
      signal?.removeEventListener("abort", onAbort);
      streams -= 1;
      observe(rpc, startedMs, error);
      opened.cancel();
    };
    const onAbort = () => end(cancelled(callName));
    // Timers and not only this generator, because a consumer that stops reading would keep the stream open for ever.
    const deadline = setTimeout(() => end(timedOut(callName, timeoutMs)), timeoutMs);
    let idle: NodeJS.Timeout | undefined;
    const awaitMessage = () => {
      clearTimeout(idle);
      idle = setTimeout(() => end(timedOut(callName, idleTimeoutMs)), idleTimeoutMs);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      broker.announce();
      const messages = opened[Symbol.asyncIterator]();
      for (;;) {
        awaitMessage();
        const next = await messages.next();
        clearTimeout(idle);
        if (isOver || next.done) break;
        answered(performance.now());
        yield next.value as Response;
        if (isOver) break;
      }
      end();
    } catch (error) {
      const { code, details, message } = error as ServiceError;
      end(fromStatus(callName, code, details || message, timeoutMs));
    } finally {
      // The consumer has left the loop early, which says nothing about the plugin.
      end(cancelled(callName));
    }
    if (failure !== undefined) throw failure;
  }

  return {
    async call(method, request, options) {
      const rpc = rpcOf(method);
      const startedMs = admit(rpc);
      try {
        broker.announce();
        const answer = await client.unary(definitionOf<typeof request, never>(method), request, options);
        observe(rpc, startedMs);
        return answer;
      } catch (error) {
        observe(rpc, startedMs, error);
        throw error;
      }
    },
    stream: (method, request, options) => stream(method, request, options),
    waitingMs: (nowMs) => (unansweredSinceMs === 0 ? 0 : nowMs - unansweredSinceMs),
    answered,
    refuse(why) {
      refusal = why;
    },
    async drained(timeoutMs, signal) {
      const untilMs = performance.now() + timeoutMs;
      // Who was handed the plugin a moment ago is about to call it.
      await turn();
      while (inFlight > 0 && !signal.aborted) {
        const leftMs = untilMs - performance.now();
        if (leftMs <= 0) return;
        const idle = new Promise<void>((resolve) => onIdle.push(resolve));
        await Promise.race([idle, sleep(leftMs, signal)]);
        await turn();
      }
      onIdle = [];
    },
  };
}

function openStream<Request, Response>(channel: Client, method: Method<Request, Response>, request: Request, timeoutMs: number) {
  const { path, requestSerialize, responseDeserialize } = method;
  const stream = channel.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, new Metadata(), {
    deadline: Date.now() + timeoutMs,
  });
  // Read by iteration, which reports errors; one that comes after the end of it has no reader.
  stream.on("error", () => {});
  return stream;
}
