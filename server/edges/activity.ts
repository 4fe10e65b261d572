import { notFound } from "@portico/core";
import type { EdgeActivityStore, EdgeEntryFilters, EdgeProgress, ReloadRequest } from "./activity-store.ts";

/** After so long an edge that has not acknowledged is not waited for. */
const timeoutMs = 5 * 60_000;

export type ReloadProgress = ReloadRequest & {
  status: "in_progress" | "completed" | "failed" | "timed_out";
  targets: string[];
  /** Percent of the targets that have acknowledged. */
  progress: number;
};

/** What became of requests to edges, and what each namespace holds. */
export function createEdgeActivity({ store, now = () => new Date() }: { store: EdgeActivityStore; now?: () => Date }) {
  function progressOf(request: ReloadRequest, edges: EdgeProgress[]): ReloadProgress {
    const isForAll = request.edgeIds.includes("*");
    const targets = edges.filter((edge) => (isForAll ? edge.isConnected : request.edgeIds.includes(edge.edgeId)));
    const done = targets.filter(({ lastAckAt }) => lastAckAt !== null && lastAckAt >= request.at).length;
    const isOver = now().getTime() - request.at.getTime() > timeoutMs;
    const isDone = done === targets.length && (isForAll || targets.length > 0);
    return {
      ...request,
      targets: targets.map(({ edgeId }) => edgeId),
      progress: targets.length === 0 ? (isDone ? 100 : 0) : Math.floor((done / targets.length) * 100),
      status: isDone ? "completed" : targets.length === 0 ? "failed" : isOver ? "timed_out" : "in_progress",
    };
  }

  return {
    async reloads(): Promise<ReloadProgress[]> {
      const [requests, edges] = await Promise.all([store.reloads(), store.progress()]);
      return requests.map((request) => progressOf(request, edges));
    },

    async reload(operationId: string): Promise<ReloadProgress> {
      const [[request], edges] = await Promise.all([store.reloads(operationId), store.progress()]);
      if (!request) throw notFound("Reload operation");
      return progressOf(request, edges);
    },

    namespaces: store.namespaces,
    entries: (filters: EdgeEntryFilters, limit: number) => store.entries(filters, limit),
  };
}
export type EdgeActivity = ReturnType<typeof createEdgeActivity>;
