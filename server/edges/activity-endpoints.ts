import { namespaceName } from "@portico/core";
import { z } from "zod";
import { namespaceFilter, queryInteger } from "../fields/contract.ts";
import { collectionOf, documentOf, listOf, resourceOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all, many, one } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import type { EdgeActivity, ReloadProgress } from "./activity.ts";
import { EdgeResource, edgeFilters, NamespaceParam, ReloadOperation } from "./contract.ts";
import { toOperation } from "./endpoints.ts";
import type { EdgeService } from "./service.ts";
import { edgeSorts } from "./store.ts";
import type { EdgeWire } from "./wire.ts";

const ReloadStatus = resourceOf(
  "reload-operations",
  z.object({
    operation_id: z.string(),
    target_edges: z.array(z.string()),
    initiated_by: z.string(),
    initiated_at: z.string(),
    /** completed: every target has acknowledged; timed_out: one has not within 5 minutes; failed: the targets are gone. */
    status: z.enum(["in_progress", "completed", "failed", "timed_out"]),
    /** Percent of the targets. */
    progress: z.number(),
    message: z.string(),
  }),
);

const NamespaceResource = resourceOf(
  "namespaces",
  z.object({ name: z.string(), edge_count: z.number(), llm_count: z.number(), app_count: z.number(), token_count: z.number() }),
);

const events = ["edge_created", "edge_updated", "edge_deleted", "edge_reloaded"] as const;
const SyncEntry = z.object({
  id: z.number(),
  created_at: z.string(),
  event_type: z.string(),
  namespace: z.string(),
  edge_id: z.string(),
  initiated_by: z.string(),
  details: z.record(z.string(), z.unknown()),
});

const toStatus = ({ id, by, at, status, targets, progress }: ReloadProgress): z.infer<typeof ReloadStatus> => ({
  type: "reload-operations",
  id,
  attributes: {
    operation_id: id,
    target_edges: targets,
    initiated_by: by,
    initiated_at: at.toISOString(),
    status,
    progress,
    message: `${progress} % of ${targets.length} edges have acknowledged their configuration`,
  },
});

/** What became of requests to edges, and edges by namespace. */
export const edgeActivityEndpoints = ({ activity, edges, wire }: { activity: EdgeActivity; edges: EdgeService; wire: EdgeWire }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/edges/reload-operations",
    summary: "Requests of the last seven days to edges to take their configuration again, newest first, and what became of them",
    permission: "edges.read",
    result: collectionOf(ReloadStatus),
    handle: async () => all((await activity.reloads()).map(toStatus)),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/reload-operations/:operation_id/status",
    summary: "What became of a request to edges to take their configuration again",
    permission: "edges.read",
    params: z.object({ operation_id: z.string().max(100) }),
    result: documentOf(ReloadStatus),
    handle: async ({ params }) => one(toStatus(await activity.reload(params.operation_id))),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/sync/audit",
    summary: "What people have done with edges, newest first",
    permission: "edges.read",
    query: z.object({
      namespace: namespaceFilter.optional(),
      edge_id: z.string().max(64).optional(),
      event_type: z.enum(events, `must be one of ${events.join(", ")}`).optional(),
      limit: queryInteger({ min: 1, max: 1000 }).default(50),
    }),
    result: z.object({ data: z.array(SyncEntry) }),
    async handle({ query: { limit, ...filters } }) {
      const entries = await activity.entries(filters, limit);
      return all(
        entries.map(({ id, at, action, namespace, edgeId, by, changes }) => ({
          id: Number(id),
          created_at: at.toISOString(),
          event_type: action.replace(".", "_"),
          namespace: namespaceName(namespace),
          edge_id: edgeId,
          initiated_by: by,
          details: changes,
        })),
      );
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/namespaces",
    summary: "Namespaces that edges, LLMs, apps or plugins are in, the global one first",
    permission: "edges.read",
    result: collectionOf(NamespaceResource),
    handle: async () =>
      all(
        (await activity.namespaces()).map((counts) => ({
          type: "namespaces" as const,
          id: counts.namespace || "global",
          attributes: {
            name: counts.namespace || "global",
            edge_count: counts.edges,
            llm_count: counts.llms,
            app_count: counts.apps,
            token_count: counts.credentials,
          },
        })),
      ),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/namespaces/:namespace/edges",
    summary: "Edge gateways of a namespace",
    permission: "edges.read",
    params: NamespaceParam,
    query: listQuery({ sortable: edgeSorts, filters: { status: edgeFilters.status } }),
    result: listOf(EdgeResource),
    handle: async ({ params, query }) =>
      many(await edges.list(query.list, { ...query.filters, namespace: params.namespace }), wire.toResource),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/namespaces/:namespace/reload",
    status: 202,
    summary: "Send the connected edges of a namespace their configuration again",
    permission: "edges.write",
    params: NamespaceParam,
    result: documentOf(ReloadOperation),
    handle: async ({ actor, params }) => one(toOperation(await edges.reloadNamespace(actor, params.namespace))),
  }),
];
