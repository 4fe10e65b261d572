import { z } from "zod";
import { IdParam } from "../../http/contract.ts";
import { endpoint } from "../../http/endpoint.ts";
import type { PluginService } from "../catalog/service.ts";
import { EdgePayloadList, payloadStates } from "../contract/payloads.ts";
import type { EdgePayloads } from "./payloads.ts";
import type { PayloadSummary } from "./store.ts";

const toResource = ({ id, ...payload }: PayloadSummary) => ({
  type: "edge-payloads" as const,
  id,
  attributes: {
    edge_id: payload.edgeId,
    edge_namespace: payload.edgeNamespace,
    correlation_id: payload.correlationId,
    state: payload.state,
    bytes: payload.bytes,
    attempts: payload.attempts,
    error: payload.error,
    sent_at: payload.sentAt.toISOString(),
    received_at: payload.receivedAt.toISOString(),
    ended_at: payload.endedAt?.toISOString() ?? null,
  },
});

export const edgePayloadEndpoints = ({ payloads, plugins }: { payloads: EdgePayloads; plugins: Pick<PluginService, "get"> }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/:id/edge-payloads",
    summary: "List what the plugin's processes at edges sent to Studio, newest first: the last 200, without their content",
    permission: "plugins.read",
    params: IdParam,
    query: z.object({ state: z.enum(payloadStates).optional() }),
    result: EdgePayloadList,
    async handle({ params, query }) {
      await plugins.get(params.id);
      const { items, counts } = await payloads.list(params.id, query.state);
      return { json: { data: items.map(toResource), meta: { counts } } };
    },
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/plugins/:id/edge-payloads/:payload_id/retry",
    status: 204,
    summary: "Deliver a payload again that was given up",
    permission: "plugins.write",
    params: IdParam.extend({ payload_id: z.string().max(64) }),
    async handle({ params }) {
      await plugins.get(params.id);
      await payloads.retry(params.id, params.payload_id);
      return undefined;
    },
  }),
];
