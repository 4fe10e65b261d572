import { namespaceName } from "@portico/core";
import type { EdgeAttributes, EdgeResource, EdgeWithToken } from "./contract.ts";
import type { ConfigProblem } from "./resources.ts";
import type { Edge, NamespaceSync } from "./store.ts";

const attributesOf = (edge: Edge): Omit<EdgeAttributes, "hub_ca_sha256"> => ({
  edge_id: edge.edgeId,
  namespace: namespaceName(edge.namespace),
  version: edge.version,
  advertised_url: edge.advertisedUrl,
  status: edge.status,
  sync_status: edge.syncStatus,
  session_id: edge.sessionId,
  last_heartbeat: edge.lastHeartbeatAt?.toISOString() ?? null,
  loaded_version: String(edge.loadedVersion),
  loaded_checksum: edge.loadedChecksum,
  last_sync_ack: edge.lastSyncAckAt?.toISOString() ?? null,
  expected_version: String(edge.expectedVersion),
  expected_checksum: edge.expectedChecksum,
  refusal: edge.refusal,
  transport: edge.transport,
  rejected_records: edge.rejectedRecords,
  ownerless_records: edge.ownerlessRecords,
  last_rejection: edge.lastRejection,
  last_rejection_at: edge.lastRejectionAt?.toISOString() ?? null,
  report: {
    ...edge.report,
    plugins: edge.report.plugins?.map((plugin) => ({
      ...plugin,
      name: edge.pluginNames[plugin.plugin_id] ?? `plugin ${plugin.plugin_id}`,
    })),
  },
  created_at: edge.createdAt.toISOString(),
  updated_at: edge.updatedAt.toISOString(),
});

export type EdgeWire = {
  toAttributes(edge: Edge): EdgeAttributes;
  toResource(edge: Edge): EdgeResource;
  withToken(made: { edge: Edge; token: string }): EdgeWithToken;
};

/** @param hubCaSha256 What edges know the hub by; the same for all of them. */
export function createEdgeWire(hubCaSha256: string): EdgeWire {
  const toAttributes = (edge: Edge): EdgeAttributes => ({ ...attributesOf(edge), hub_ca_sha256: hubCaSha256 });
  const toResource = (edge: Edge): EdgeResource => ({ type: "edges", id: String(edge.id), attributes: toAttributes(edge) });
  return {
    toAttributes,
    toResource,
    withToken({ edge, token }) {
      const resource = toResource(edge);
      return { ...resource, attributes: { ...resource.attributes, token } };
    },
  };
}

export const toSyncCounts = (sync: NamespaceSync & { problems: ConfigProblem[] }) => ({
  namespace: namespaceName(sync.namespace),
  expected_checksum: sync.expectedChecksum,
  config_version: String(sync.configVersion),
  last_config_change: sync.lastConfigChange?.toISOString() ?? null,
  synced_count: sync.synced,
  pending_count: sync.pending,
  stale_count: sync.stale,
  unknown_count: sync.unknown,
  total_edges: sync.total,
  problems: sync.problems,
});
