import { z } from "zod";
import { collectionOf, resourceOf } from "../../http/contract.ts";

export const payloadStates = ["pending", "delivered", "failed"] as const;

export const EdgePayloadAttributes = z.object({
  edge_id: z.string(),
  edge_namespace: z.string(),
  correlation_id: z.string(),
  state: z.enum(payloadStates),
  /** 0 once it is delivered: the content is not kept. */
  bytes: z.number(),
  attempts: z.number(),
  /** Of the last attempt; "" when there was none. */
  error: z.string(),
  sent_at: z.string(),
  received_at: z.string(),
  /** When it was delivered or given up. */
  ended_at: z.string().nullable(),
});
export type EdgePayloadAttributes = z.infer<typeof EdgePayloadAttributes>;

const Counts = z.object({ pending: z.number(), delivered: z.number(), failed: z.number() });
export const EdgePayloadList = collectionOf(resourceOf("edge-payloads", EdgePayloadAttributes)).extend({
  meta: z.object({ counts: Counts }),
});
