import { z } from "zod";
import { attributesOf, draftOf, timestamps } from "../fields/contract/resource.ts";
import { Namespace, namespaceFilter } from "../fields/contract.ts";
import { resourceOf } from "../http/contract.ts";

/** The page of an edge named "new" would be the one for creating edges. */
export const edgeIdForm = /^(?!new$)[A-Za-z0-9][A-Za-z0-9\-_.]{0,62}[A-Za-z0-9]$/;

export const edgeIdRule = 'must be 2 to 64 letters, digits, - _ . that begin and end with a letter or digit, and not "new"';

const EdgeId = z.string("is required").trim().regex(edgeIdForm, edgeIdRule);

export const EdgeFields = { edge_id: EdgeId, namespace: Namespace };

export const EdgeDraft = draftOf(EdgeFields, { namespace: "" });
export type EdgeDraft = z.infer<typeof EdgeDraft>;

export const EdgeParam = z.object({ edge_id: z.string().max(64) });
export const NamespaceParam = z.object({ namespace: namespaceFilter });
export const edgeFilters = {
  status: z.enum(["registered", "connected", "disconnected"]).optional(),
  namespace: namespaceFilter.optional(),
};

export const EdgeAttributes = attributesOf(EdgeFields, {
  version: z.string(),
  advertised_url: z.string(),
  /** registered: never connected yet. */
  status: z.enum(["registered", "connected", "disconnected"]),
  /** in_sync: serves what it should; pending and stale: does not yet, or not for 15 minutes; unknown: never served anything. */
  sync_status: z.enum(["in_sync", "pending", "stale", "unknown"]),
  session_id: z.string().nullable(),
  last_heartbeat: z.string().nullable(),
  loaded_version: z.string(),
  loaded_checksum: z.string(),
  last_sync_ack: z.string().nullable(),
  expected_version: z.string(),
  expected_checksum: z.string(),
  /** Why the edge refused the newest snapshot; "" when it did not. */
  refusal: z.string(),
  /** How the edge connected last: tls, mtls (with a client certificate), plaintext (from the same machine); "" before the first time. */
  transport: z.string(),
  /** Usage records that were refused as malformed or implausible; the edge keeps them. */
  rejected_records: z.number(),
  /** Usage records stored without their app, LLM or user because the edge was never given it. */
  ownerless_records: z.number(),
  /** Why the last record was refused; "" when none was. */
  last_rejection: z.string(),
  last_rejection_at: z.string().nullable(),
  /** Figures of the last heartbeat; {} before the first. */
  report: z.object({
    requests_total: z.number().optional(),
    requests_active: z.number().optional(),
    resident_bytes: z.number().optional(),
    telemetry_pending: z.number().optional(),
    telemetry_dropped: z.number().optional(),
    telemetry_rejected: z.number().optional(),
    hub_messages_unreadable: z.number().optional(),
    plugins: z
      .array(
        z.object({
          plugin_id: z.number(),
          name: z.string(),
          state: z.string(),
          error: z.string(),
          restarts: z.number(),
          generation: z.number().optional(),
        }),
      )
      .optional(),
  }),
  /** SHA-256 of the hub's CA: PORTICO_HUB_CA_SHA256 of the edge's gateway. */
  hub_ca_sha256: z.string(),
  ...timestamps,
});
export type EdgeAttributes = z.infer<typeof EdgeAttributes>;

export const EdgeResource = resourceOf("edges", EdgeAttributes);
export type EdgeResource = z.infer<typeof EdgeResource>;

/** The edge's token is in the answer to its creation or rotation only. */
export const EdgeWithToken = resourceOf("edges", EdgeAttributes.extend({ token: z.string() }));
export type EdgeWithToken = z.infer<typeof EdgeWithToken>;

export const ReloadOperation = resourceOf(
  "reload-operations",
  z.object({ operation_id: z.string(), status: z.literal("initiated"), message: z.string() }),
);
export type ReloadOperation = z.infer<typeof ReloadOperation>;

const SyncCounts = z.object({
  namespace: z.string(),
  expected_checksum: z.string(),
  config_version: z.string(),
  last_config_change: z.string().nullable(),
  synced_count: z.number(),
  pending_count: z.number(),
  stale_count: z.number(),
  unknown_count: z.number(),
  total_edges: z.number(),
  /** Rows that could not be given to edges, and why. */
  problems: z.array(z.object({ kind: z.string(), id: z.number(), name: z.string(), reason: z.string() })),
});
export const SyncStatusList = z.object({ data: z.array(SyncCounts), has_pending: z.boolean(), pending_namespaces: z.array(z.string()) });
export const NamespaceSyncStatus = z.object({ namespace: SyncCounts, edges: z.array(EdgeAttributes) });
