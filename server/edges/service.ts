import { randomUUID } from "node:crypto";
import { AppError, namespaceName, notFound } from "@portico/core";
import { hashToken, newToken } from "@portico/core/tokens";
import type { Actor } from "../auth/actor.ts";
import type { Db } from "../db/client.ts";
import { record, recordAll } from "../db/journal.ts";
import type { ListQuery } from "../db/paging.ts";
import type { EdgeDraft } from "./contract.ts";
import type { Publisher } from "./publisher.ts";
import type { Edge, EdgeFilters, EdgeStore } from "./store.ts";

/** A request to edges to take their configuration anew. */
export type Reload = { operationId: string; message: string };

export function createEdgeService({ db, store, publisher }: { db: Db; store: EdgeStore; publisher: Publisher }) {
  async function get(edgeId: string): Promise<Edge> {
    const edge = await store.find(edgeId);
    if (!edge) throw notFound("Edge instance");
    return edge;
  }

  /** Replicas hear of it when it commits; the one that holds the edge's stream sends. */
  async function requestReload(actor: Actor, edgeIds: string[]): Promise<string> {
    const operationId = `reload-${randomUUID()}`;
    await db.transaction((tx) =>
      recordAll(
        tx,
        edgeIds.map((id) => ({ kind: "edge", action: "reloaded", id, actor, changes: { operation_id: operationId } })),
      ),
    );
    return operationId;
  }

  return {
    list: (query: ListQuery, filters: EdgeFilters) => store.list(query, filters),
    get,

    /** The token is in this answer only. */
    async create(actor: Actor, { edge_id: edgeId, namespace }: EdgeDraft): Promise<{ edge: Edge; token: string }> {
      const token = newToken("pe");
      await db.transaction(async (tx) => {
        await store.insert(tx, { edgeId, namespace, tokenHash: hashToken(token) });
        await record(tx, {
          kind: "edge",
          action: "created",
          id: edgeId,
          actor,
          object: { edge_id: edgeId, namespace },
          changes: { namespace },
        });
      });
      return { edge: await get(edgeId), token };
    },

    /** The former token ends at once, and with it the edge's connection. */
    async rotateToken(actor: Actor, edgeId: string): Promise<{ edge: Edge; token: string }> {
      const token = newToken("pe");
      await db.transaction(async (tx) => {
        if (!(await store.setToken(tx, edgeId, hashToken(token)))) throw notFound("Edge instance");
        await record(tx, { kind: "edge", action: "updated", id: edgeId, actor, changes: { token: "rotated" } });
      });
      return { edge: await get(edgeId), token };
    },

    async delete(actor: Actor, edgeId: string): Promise<void> {
      await get(edgeId);
      await db.transaction(async (tx) => {
        if (!(await store.deleteUnlessConnected(tx, edgeId)))
          throw new AppError({ code: "conflict", message: `Edge "${edgeId}" is connected: stop it first, then delete it.` });
        await record(tx, { kind: "edge", action: "deleted", id: edgeId, actor });
      });
    },

    async reload(actor: Actor, edgeId: string): Promise<Reload> {
      const edge = await get(edgeId);
      if (edge.status !== "connected")
        throw new AppError({
          code: "conflict",
          message: `Edge "${edgeId}" is not connected. It receives its configuration when it connects.`,
        });
      return { operationId: await requestReload(actor, [edgeId]), message: `Configuration is being pushed to edge "${edgeId}"` };
    },

    reloadAll: async (actor: Actor): Promise<Reload> => ({
      operationId: await requestReload(actor, ["*"]),
      message: "Configuration is being pushed to all connected edges",
    }),

    async reloadNamespace(actor: Actor, namespace: string): Promise<Reload> {
      const connected = (await store.listOfNamespace(namespace)).filter(({ status }) => status === "connected");
      if (connected.length === 0) throw notFound(`A connected edge of the namespace "${namespaceName(namespace)}"`);
      const operationId = await requestReload(
        actor,
        connected.map(({ edgeId }) => edgeId),
      );
      return { operationId, message: `${connected.length} edges are being sent their configuration` };
    },

    async listSync() {
      const list = await store.listSync();
      return Promise.all(list.map(async (sync) => ({ ...sync, problems: await publisher.problems(sync.namespace) })));
    },

    async getSync(namespace: string) {
      const sync = (await store.listSync()).find((one) => one.namespace === namespace);
      if (!sync) throw notFound("Namespace");
      return { ...sync, problems: await publisher.problems(namespace), edges: await store.listOfNamespace(namespace) };
    },
  };
}
export type EdgeService = ReturnType<typeof createEdgeService>;
