import { namespaceName } from "@portico/core";
import { documentOf, listOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { many, one } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import {
  EdgeDraft,
  EdgeParam,
  EdgeResource,
  EdgeWithToken,
  edgeFilters,
  NamespaceParam,
  NamespaceSyncStatus,
  ReloadOperation,
  SyncStatusList,
} from "./contract.ts";
import type { EdgeService, Reload } from "./service.ts";
import { edgeSorts } from "./store.ts";
import { type EdgeWire, toSyncCounts } from "./wire.ts";

export const toOperation = ({ operationId, message }: Reload): ReloadOperation => ({
  type: "reload-operations",
  id: operationId,
  attributes: { operation_id: operationId, status: "initiated", message },
});

export const edgeEndpoints = ({ edges, wire: { toAttributes, toResource, withToken } }: { edges: EdgeService; wire: EdgeWire }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/edges",
    summary: "List edge gateways with their configuration and status",
    permission: "edges.read",
    query: listQuery({ sortable: edgeSorts, filters: edgeFilters }),
    result: listOf(EdgeResource),
    handle: async ({ query }) => many(await edges.list(query.list, query.filters), toResource),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/edges",
    object: "edge",
    status: 201,
    summary: "Register an edge gateway; its token is shown only in this response",
    permission: "edges.write",
    body: EdgeDraft,
    result: documentOf(EdgeWithToken),
    handle: async ({ actor, body }) => one(withToken(await edges.create(actor, body))),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/edges/reload-all",
    status: 202,
    summary: "Push the configuration to all connected edges again",
    permission: "edges.write",
    result: documentOf(ReloadOperation),
    handle: async ({ actor }) => one(toOperation(await edges.reloadAll(actor))),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/edges/:edge_id",
    object: "edge",
    summary: "Get an edge gateway",
    permission: "edges.read",
    params: EdgeParam,
    result: documentOf(EdgeResource),
    handle: async ({ params }) => one(toResource(await edges.get(params.edge_id))),
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/edges/:edge_id",
    object: "edge",
    status: 204,
    summary: "Delete an edge gateway that is not connected; its token is revoked",
    permission: "edges.write",
    params: EdgeParam,
    async handle({ actor, params }) {
      await edges.delete(actor, params.edge_id);
      return undefined;
    },
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/edges/:edge_id/rotate-token",
    summary: "Rotate an edge's token: the new one is shown only in this response, the old one is revoked",
    permission: "edges.write",
    params: EdgeParam,
    result: documentOf(EdgeWithToken),
    handle: async ({ actor, params }) => one(withToken(await edges.rotateToken(actor, params.edge_id))),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/edges/:edge_id/reload",
    status: 202,
    summary: "Push an edge's configuration again",
    permission: "edges.write",
    params: EdgeParam,
    result: documentOf(ReloadOperation),
    handle: async ({ actor, params }) => one(toOperation(await edges.reload(actor, params.edge_id))),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/sync/status",
    summary: "Count the edges of each namespace that run the current configuration",
    permission: "edges.read",
    result: SyncStatusList,
    async handle() {
      const syncs = await edges.listSync();
      const data = syncs.map(toSyncCounts);
      const pending = syncs.filter(({ waiting }) => waiting > 0).map(({ namespace }) => namespaceName(namespace));
      return { json: { data, has_pending: pending.length > 0, pending_namespaces: pending } };
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/sync/status/:namespace",
    summary: "List the edges of a namespace with whether each runs the current configuration",
    permission: "edges.read",
    params: NamespaceParam,
    result: NamespaceSyncStatus,
    async handle({ params }) {
      const sync = await edges.getSync(params.namespace);
      return { json: { namespace: toSyncCounts(sync), edges: sync.edges.map(toAttributes) } };
    },
  }),
];
