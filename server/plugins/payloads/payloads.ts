import { AppError, backoffMs, messageOf, notFound } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { isUnimplemented } from "@portico/plugin-host";
import type { PayloadBatch, RefusedPayload } from "@portico/protocol/edge";
import { z } from "zod";
import { placeOfFault } from "../../db/storable.ts";
import type { Jobs } from "../../jobs/runner.ts";
import type { Lifecycle } from "../processes/lifecycle.ts";
import type { NewPayload, PayloadState, PayloadStore, PayloadSummary, WaitingPayload } from "./store.ts";

/** Where a payload comes from: what the hub knows of the edge. */
export type PayloadOrigin = { edgeId: string; namespace: string };

export type EdgePayloads = {
  /** Takes what an edge delivers. @returns those that were not stored. */
  take(origin: PayloadOrigin, batch: PayloadBatch): Promise<RefusedPayload[]>;
  /** The newest ones first, at most 200. */
  list(pluginId: number, state: PayloadState | undefined): Promise<{ items: PayloadSummary[]; counts: Record<PayloadState, number> }>;
  /** Delivers one again that was given up. @throws AppError not_found */
  retry(pluginId: number, id: string): Promise<void>;
  jobs: Jobs;
};

const maxOfBatch = 100;
const maxPayloadBytes = 1024 * 1024;
const maxWaitingOfPlugin = 10_000;
const dueAtOnce = 50;
const listed = 200;
/** A job goes on for so long, then makes room for others. */
const turnMs = 20_000;
const acceptMs = 30_000;
const startWaitMs = 10_000;
const attempts = 8;
const backoff = { baseMs: 2_000, capMs: 600_000 };
const maxErrorChars = 2_000;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** The last millisecond of the year 9999. */
const maxTimeMs = 253_402_300_799_999;

const Job = z.object({ plugin_id: z.number() });

/** What plugins at edges send to their processes here: stored when an edge delivers it, passed on until the plugin has taken it. */
export function createEdgePayloads({
  store,
  lifecycle,
  logger,
}: {
  store: PayloadStore;
  lifecycle: Pick<Lifecycle, "whenReady">;
  logger: Logger;
}): EdgePayloads {
  async function deliver(pluginId: number, { id, attempts: _, ...waiting }: WaitingPayload): Promise<void> {
    const plugin = await lifecycle.whenReady(pluginId, { timeoutMs: startWaitMs });
    const { success, errorMessage } = await plugin.call(
      "acceptEdgePayload",
      {
        payload: waiting.payload,
        edgeId: waiting.edgeId,
        edgeNamespace: waiting.edgeNamespace,
        correlationId: waiting.correlationId,
        metadata: waiting.metadata,
        edgeTimestamp: seconds(waiting.sentAt),
        receivedTimestamp: seconds(waiting.receivedAt),
        context: {
          requestId: waiting.correlationId || id,
          vendor: "",
          llmId: 0,
          llmSlug: "",
          appId: 0,
          userId: 0,
          metadata: { edge_id: waiting.edgeId, edge_namespace: waiting.edgeNamespace },
          traceContext: {},
        },
        serviceBrokerId: plugin.brokerId,
      },
      { timeoutMs: acceptMs },
    );
    if (!success)
      throw new AppError({ code: "plugin_failed", message: errorMessage || "The plugin did not say why it refused the payload." });
  }

  /** @returns whether there may be more that is due. */
  async function deliverSome(pluginId: number): Promise<boolean> {
    const due = await store.due(pluginId, dueAtOnce);
    for (const waiting of due) {
      try {
        await deliver(pluginId, waiting);
        await store.delivered(waiting.id);
      } catch (error) {
        const failed = isUnimplemented(error) || waiting.attempts + 1 >= attempts;
        const afterMs = backoffMs(waiting.attempts, backoff);
        await store.postponed(waiting.id, { error: messageOf(error).slice(0, maxErrorChars), afterMs, failed });
        logger.warn("a payload of an edge was not delivered", {
          plugin_id: pluginId,
          edge: waiting.edgeId,
          payload: waiting.id,
          given_up: failed,
          error: messageOf(error),
        });
        // A process that is not there takes none of the others either; they keep their turn.
        if (error instanceof AppError && error.code === "plugin_unavailable") return false;
      }
    }
    return due.length === dueAtOnce;
  }

  return {
    async take({ edgeId, namespace }, { payloads }) {
      const refused: RefusedPayload[] = payloads
        .slice(maxOfBatch)
        .map(({ id }) => ({ id, reason: `A batch has at most ${maxOfBatch} payloads.`, retry: true }));
      const taken: NewPayload[] = [];
      const some = payloads.slice(0, maxOfBatch);
      const senders = await store.senders([...new Set(some.map(({ pluginId }) => pluginId))]);
      for (const { id, pluginId, payload, correlationId, metadata, sentAtMs } of some) {
        const waiting = senders.get(pluginId);
        const fault = uuid.test(id) ? faultOf({ payload, correlationId, metadata }) : "Its id must be a UUID.";
        if (fault) refused.push({ id, reason: fault, retry: false });
        else if (waiting === undefined)
          refused.push({ id, reason: "The plugin may not send payloads: it is not active or lacks control.send.", retry: false });
        else if (waiting >= maxWaitingOfPlugin)
          refused.push({ id, reason: `${maxWaitingOfPlugin} payloads already wait for this plugin.`, retry: true });
        else {
          senders.set(pluginId, waiting + 1);
          const sentAt = new Date(sentAtMs > 0 && sentAtMs <= maxTimeMs ? sentAtMs : Date.now());
          taken.push({ id, pluginId, edgeId, edgeNamespace: namespace, payload, correlationId, metadata, sentAt });
        }
      }
      await store.take(taken);
      return refused;
    },

    async list(pluginId, state) {
      const [items, counts] = await Promise.all([store.list(pluginId, state, listed), store.counts(pluginId)]);
      return { items, counts };
    },

    async retry(pluginId, id) {
      if (!uuid.test(id) || !(await store.retry(pluginId, id))) throw notFound("Payload");
    },

    jobs: {
      async "deliver-edge-payloads"(payload, { addJob }) {
        const { plugin_id: pluginId } = Job.parse(payload);
        const untilMs = performance.now() + turnMs;
        let mayBeMore = true;
        while (mayBeMore && performance.now() < untilMs) mayBeMore = await deliverSome(pluginId);
        const nextAt = await store.nextAt(pluginId);
        if (nextAt)
          await addJob(
            "deliver-edge-payloads",
            { plugin_id: pluginId },
            { jobKey: `edge-payloads:${pluginId}`, runAt: nextAt, maxAttempts: 25 },
          );
      },
    },
  };
}

function faultOf({ payload, correlationId, metadata }: Pick<NewPayload, "payload" | "correlationId" | "metadata">): string {
  if (payload.length === 0) return "It is empty.";
  if (payload.length > maxPayloadBytes) return `It has ${payload.length} bytes; at most ${maxPayloadBytes} are taken.`;
  return placeOfFault({ correlationId, metadata }) ? "Its correlation id or metadata have characters that cannot be stored." : "";
}

const seconds = (at: Date): number => Math.floor(at.getTime() / 1_000);
