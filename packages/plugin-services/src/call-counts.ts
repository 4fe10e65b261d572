import { status } from "@grpc/grpc-js";

/** A call of a service API that has ended. */
export type ObservedCall = { pluginId: number; rpc: string; code: status; durationMs: number };

/** Calls of one operation since this process started. */
export type OperationCounts = { operation: string; calls: number; failed: number; mean_ms: number };

export type CallCounts = {
  observe(call: ObservedCall): void;
  /** By operation, the most called first. */
  of(pluginId: number): OperationCounts[];
};

/** As many counters as plugins and operations: nothing of a request names one. */
export function createCallCounts(): CallCounts {
  const plugins = new Map<number, Map<string, { calls: number; failed: number; totalMs: number }>>();
  return {
    observe({ pluginId, rpc, code, durationMs }) {
      const counts = plugins.get(pluginId) ?? new Map<string, { calls: number; failed: number; totalMs: number }>();
      plugins.set(pluginId, counts);
      const count = counts.get(rpc) ?? { calls: 0, failed: 0, totalMs: 0 };
      counts.set(rpc, count);
      count.calls += 1;
      count.totalMs += durationMs;
      if (code !== status.OK) count.failed += 1;
    },
    of: (pluginId) =>
      [...(plugins.get(pluginId) ?? [])]
        .map(([operation, { calls, failed, totalMs }]) => ({ operation, calls, failed, mean_ms: Math.round((totalMs / calls) * 10) / 10 }))
        .sort((a, b) => b.calls - a.calls),
  };
}
