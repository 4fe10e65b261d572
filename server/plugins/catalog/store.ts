import { conflict } from "@portico/core";
import { unattachedHookTypes } from "@portico/protocol";
import { type Db, onUnique, type Tx } from "../../db/client.ts";
import type { Counts } from "../../db/counts.ts";
import { Prisma } from "../../db/generated/client.ts";
import { createListing, inNaturalOrder, loadPage } from "../../db/listing.ts";
import type { ListQuery, Page } from "../../db/paging.ts";
import type { MountConfig } from "../contract/pages.ts";

type Json = Record<string, unknown>;

/** A plugin's state at one edge. */
export type PluginAtEdge = { pluginId: number; edgeId: string; state: string; error: string; restarts: number; generation: number };

/** A plugin as stored; `configSealed` is opened by the service only. */
export type Plugin = {
  id: number;
  name: string;
  slug: string;
  description: string;
  command: string;
  checksum: string;
  configSealed: string | null;
  /** References in the configuration that are resolved when the plugin is given it. */
  secretReferences: string[];
  /** null before the plugin was asked. */
  configSchema: Json | null;
  hookType: string;
  hookTypes: string[];
  hookTypesCustomized: boolean;
  isActive: boolean;
  namespace: string;
  manifest: Json;
  serviceAccessAuthorized: boolean;
  serviceScopes: string[];
  uiTrusted: boolean;
  generation: number;
  /** SHA-256 of the program as it was last read; "" when that is not known. */
  codeHash: string;
  /** The program that the grants are for; "" when none is approved. */
  approvedCodeHash: string;
  /** What it asked for, and with which program, when it was read for the first time. */
  declaredCapabilities: string[];
  declaredCodeHash: string;
  /** What it may do; grants.ts says how to ask. */
  grants: string[];
  createdAt: Date;
  updatedAt: Date;
};
export type PluginRow = Omit<Plugin, "id" | "grants" | "createdAt" | "updatedAt">;

/** A page that a plugin supplies, as its manifest says. */
export type UiRoute = {
  scope: "admin" | "portal";
  slotType: string;
  routePattern: string;
  componentTag: string;
  entryPoint: string;
  mountConfig: MountConfig;
  allowedGroups: string[];
};
export type StoredUiRoute = UiRoute & { id: number; loadPriority: number; createdAt: Date; updatedAt: Date; plugin: Plugin };

/**
 * A page of a plugin whose path belongs to another plugin: of those whose pages are approved, the one that was installed first,
 * active or not. Otherwise people would find another plugin's page at an address that they know as soon as the first is deactivated.
 */
export type TakenPage = { pluginId: number; path: string; ownerId: number; ownerName: string };

export type LinkedLlm = { pluginId: number; id: number; name: string; vendor: string; active: boolean };

export type PluginFilters = {
  hook_type?: string | undefined;
  /** Plugins with at least one of these hooks. */
  any_hook?: readonly string[] | undefined;
  is_active?: boolean | undefined;
  namespace?: string | undefined;
};

const sorts = {
  id: "t.id",
  name: inNaturalOrder("t.name"),
  slug: "t.slug",
  hook_type: "t.hook_type",
  is_active: "t.is_active",
  created_at: "t.created_at",
  updated_at: "t.updated_at",
};
export const pluginSorts = Object.keys(sorts);

/** For queries of plugins: a plugin is never read without its grants. */
export const withGrants = { grants: { select: { capability: true } } } as const satisfies Prisma.PluginInclude;
export const toPlugin = (row: unknown): Plugin => {
  const { grants, ...plugin } = row as Omit<Plugin, "grants"> & { grants: { capability: string }[] };
  return { ...plugin, grants: grants.map(({ capability }) => capability).sort() };
};

export function createPluginStore(db: Db, counts: Counts) {
  const listing = createListing<{ id: number }, PluginFilters>(
    { db, counts },
    {
      kinds: ["plugin"],
      from: "plugins t",
      sorts,
      search: ["t.name", "t.slug", "t.description"],
      filters: {
        hook_type: "(t.hook_type = ? OR ? = ANY (t.hook_types))",
        any_hook: "t.hook_types && ?::text[]",
        is_active: "t.is_active = ?",
        namespace: "t.namespace IN ('', ?)",
      },
    },
  );
  const data = ({ configSchema, manifest, ...row }: Partial<PluginRow>) => ({
    ...row,
    ...(manifest === undefined ? {} : { manifest: manifest as Prisma.InputJsonObject }),
    ...(configSchema === undefined
      ? {}
      : { configSchema: configSchema === null ? Prisma.DbNull : (configSchema as Prisma.InputJsonObject) }),
  });
  const findMany = async (ids: number[]): Promise<Plugin[]> =>
    (await db.prisma.plugin.findMany({ where: { id: { in: ids } }, include: withGrants })).map(toPlugin);
  const findTakenPages = async (pluginIds: number[]): Promise<TakenPage[]> => {
    const { rows } = await db.sql.query<TakenPage>(
      `SELECT r.plugin_id AS "pluginId", r.route_pattern AS path, first.plugin_id AS "ownerId", p.name AS "ownerName"
       FROM plugin_ui_routes r
         JOIN LATERAL (
           SELECT min(o.plugin_id) AS plugin_id FROM plugin_ui_routes o
           WHERE o.scope = r.scope AND o.route_pattern = r.route_pattern AND (o.plugin_id = r.plugin_id OR EXISTS (
             SELECT 1 FROM plugin_grants g
             WHERE g.plugin_id = o.plugin_id AND g.capability = CASE o.scope WHEN 'admin' THEN 'studio_ui' ELSE 'portal_ui' END))
         ) first ON first.plugin_id <> r.plugin_id
         JOIN plugins p ON p.id = first.plugin_id
       WHERE r.plugin_id = ANY ($1) ORDER BY r.id`,
      [pluginIds],
    );
    return rows;
  };
  const onSlugTaken = (slug: string | undefined) =>
    onUnique(() => conflict(`A plugin with the slug "${slug}" already exists; give another slug.`, "slug"));

  return {
    list: async (query: ListQuery, filters: PluginFilters): Promise<Page<Plugin>> => loadPage(await listing.page(query, filters), findMany),

    async find(id: number): Promise<Plugin | undefined> {
      const row = await db.prisma.plugin.findUnique({ where: { id }, include: withGrants });
      return row ? toPlugin(row) : undefined;
    },

    findMany,

    /** Every plugin that is to run somewhere, in the order of their ids. */
    listActive: async (): Promise<Plugin[]> =>
      (await db.prisma.plugin.findMany({ where: { isActive: true }, include: withGrants, orderBy: { id: "asc" } })).map(toPlugin),

    /** What the service API and the event bus need to decide on a call. */
    async findGrants(id: number): Promise<Pick<Plugin, "id" | "name" | "isActive" | "grants"> | undefined> {
      const row = await db.prisma.plugin.findUnique({ where: { id }, select: { id: true, name: true, isActive: true, ...withGrants } });
      return row ? { ...row, grants: row.grants.map(({ capability }) => capability) } : undefined;
    },

    /** Exactly these from now on; those that stay keep who granted them and when. */
    async replaceGrants(tx: Tx, pluginId: number, capabilities: string[], grantedBy: number): Promise<void> {
      await tx.pluginGrant.deleteMany({ where: { pluginId, capability: { notIn: capabilities } } });
      await tx.pluginGrant.createMany({
        data: capabilities.map((capability) => ({ pluginId, capability, grantedBy })),
        skipDuplicates: true,
      });
    },

    isAttached: async (id: number): Promise<boolean> => (await db.prisma.llmPlugin.count({ where: { pluginId: id } })) > 0,

    /** The row, locked for the transaction. */
    async lock(tx: Tx, id: number): Promise<Plugin | undefined> {
      await tx.$queryRaw`SELECT id FROM plugins WHERE id = ${id} FOR UPDATE`;
      const row = await tx.plugin.findUnique({ where: { id }, include: withGrants });
      return row ? toPlugin(row) : undefined;
    },

    insert: async (tx: Tx, row: PluginRow): Promise<Plugin> =>
      toPlugin(await tx.plugin.create({ data: data(row) as Prisma.PluginCreateInput, include: withGrants }).catch(onSlugTaken(row.slug))),

    update: async (tx: Tx, id: number, row: Partial<PluginRow>): Promise<Plugin> =>
      toPlugin(await tx.plugin.update({ where: { id }, data: data(row), include: withGrants }).catch(onSlugTaken(row.slug))),

    delete: (tx: Tx, id: number) => tx.plugin.deleteMany({ where: { id } }),

    /** Pages that were taken down stay down in a newer build. */
    async replaceRoutes(tx: Tx, pluginId: number, routes: UiRoute[]): Promise<void> {
      const isActive = (await tx.pluginUiRoute.count({ where: { pluginId, isActive: false } })) === 0;
      await tx.pluginUiRoute.deleteMany({ where: { pluginId } });
      await tx.pluginUiRoute.createMany({
        data: routes.map((route) => ({ ...route, pluginId, isActive, mountConfig: route.mountConfig as Prisma.InputJsonObject })),
      });
    },

    /** Puts the pages of a plugin up or takes them down. @returns how many it has. */
    async showRoutes(tx: Tx, pluginId: number, isActive: boolean): Promise<number> {
      return (await tx.pluginUiRoute.updateMany({ where: { pluginId }, data: { isActive } })).count;
    },

    /** Pages of active plugins, the most important first. */
    async listRoutes(scope: "admin" | "portal"): Promise<StoredUiRoute[]> {
      const rows = await db.prisma.pluginUiRoute.findMany({
        where: { scope, isActive: true, plugin: { isActive: true } },
        include: { plugin: { include: withGrants } },
        orderBy: [{ loadPriority: "desc" }, { pluginId: "asc" }, { id: "asc" }],
      });
      const taken = await findTakenPages([...new Set(rows.map(({ pluginId }) => pluginId))]);
      const isTaken = (row: { pluginId: number; routePattern: string }) =>
        taken.some(({ pluginId, path }) => pluginId === row.pluginId && path === row.routePattern);
      return rows.filter((row) => !isTaken(row)).map((row) => ({ ...row, plugin: toPlugin(row.plugin) })) as unknown as StoredUiRoute[];
    },

    findTakenPages,

    async linkedLlms(pluginIds: number[]): Promise<LinkedLlm[]> {
      const rows = await db.prisma.llmPlugin.findMany({
        where: { pluginId: { in: pluginIds } },
        select: { pluginId: true, llm: { select: { id: true, name: true, vendor: true, active: true } } },
        orderBy: { llmId: "asc" },
      });
      return rows.map(({ pluginId, llm }) => ({ pluginId, ...llm }));
    },

    /** Names of the groups a person is in. */
    async groupNames(userId: number): Promise<string[]> {
      const rows = await db.prisma.userGroup.findMany({ where: { userId }, select: { group: { select: { name: true } } } });
      return rows.map(({ group }) => group.name).sort();
    },

    /** Of every plugin that runs on connected edges the worst state, with the edge that reported it. A state that is not in the list is unhealthy. */
    async listEdgeStates(fromBestToWorst: readonly string[]): Promise<PluginAtEdge[]> {
      const { rows } = await db.sql.query<PluginAtEdge>(
        `SELECT DISTINCT ON (p.plugin_id) p.plugin_id AS "pluginId", e.edge_id AS "edgeId", p.state, coalesce(p.error, '') AS error, coalesce(p.restarts, 0) AS restarts, coalesce(p.generation, 0) AS generation
         FROM edges e, jsonb_to_recordset(CASE WHEN jsonb_typeof(e.report->'plugins') = 'array' THEN e.report->'plugins' END)
           AS p(plugin_id bigint, state text, error text, restarts bigint, generation bigint)
         WHERE e.status = 'connected'
         ORDER BY p.plugin_id, coalesce(array_position($1, p.state), array_position($1, 'unhealthy')) DESC, e.id`,
        [fromBestToWorst],
      );
      return rows;
    },

    /** What each connected edge says of one plugin. */
    async listEdgeProcesses(pluginId: number): Promise<PluginAtEdge[]> {
      const { rows } = await db.sql.query<PluginAtEdge>(
        `SELECT p.plugin_id AS "pluginId", e.edge_id AS "edgeId", p.state, coalesce(p.error, '') AS error, coalesce(p.restarts, 0) AS restarts, coalesce(p.generation, 0) AS generation
         FROM edges e, jsonb_to_recordset(CASE WHEN jsonb_typeof(e.report->'plugins') = 'array' THEN e.report->'plugins' END)
           AS p(plugin_id bigint, state text, error text, restarts bigint, generation bigint)
         WHERE e.status = 'connected' AND p.plugin_id = $1 ORDER BY e.edge_id LIMIT 100`,
        [pluginId],
      );
      return rows;
    },

    /** Plugins of active LLMs, when a gateway is connected: gateways run these, whether or not they have said so yet. */
    async listExpectedAtEdges(): Promise<number[]> {
      const { rows } = await db.sql.query<{ id: number }>(
        `SELECT id FROM (
           SELECT lp.plugin_id AS id FROM llm_plugins lp JOIN llms l ON l.id = lp.llm_id WHERE l.active AND lp.is_active
           UNION
           SELECT p.id FROM plugins p JOIN plugin_grants g ON g.plugin_id = p.id
           WHERE p.is_active AND g.capability = ANY($1) AND g.capability = ANY(p.hook_types)
         ) AS at_edges WHERE EXISTS (SELECT 1 FROM edges WHERE status = 'connected')`,
        [unattachedHookTypes],
      );
      return rows.map(({ id }) => id);
    },

    async findEvent(id: string) {
      return (
        (await db.prisma.outboxEvent.findUnique({
          where: { id: BigInt(id) },
          select: { topic: true, objectType: true, objectId: true, actorUserId: true, payload: true, hook: true },
        })) ?? undefined
      );
    },
  };
}
export type PluginStore = ReturnType<typeof createPluginStore>;
