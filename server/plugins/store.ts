import { conflict } from "@portico/core";
import { type Db, onUnique, type Tx } from "../db/client.ts";
import { Prisma } from "../db/generated/client.ts";
import { contains } from "../db/search.ts";
import { type ListQuery, type Page, pageOf } from "../http/paging.ts";

type Json = Record<string, unknown>;

/** A plugin as stored; `configSealed` is opened by the service only. */
export type Plugin = {
  id: number;
  name: string;
  slug: string;
  description: string;
  command: string;
  checksum: string;
  configSealed: string | null;
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
  createdAt: Date;
  updatedAt: Date;
};
export type PluginRow = Omit<Plugin, "id" | "createdAt" | "updatedAt">;

/** A page that a plugin supplies, as its manifest says. */
export type UiRoute = {
  scope: "admin" | "portal";
  slotType: string;
  routePattern: string;
  componentTag: string;
  entryPoint: string;
  mountConfig: Json;
  allowedGroups: string[];
};
export type StoredUiRoute = UiRoute & { id: number; loadPriority: number; createdAt: Date; updatedAt: Date; plugin: Plugin };

export type LinkedLlm = { pluginId: number; id: number; name: string; vendor: string; active: boolean };

export type PluginFilters = {
  hook_type?: string | undefined;
  /** Plugins with at least one of these hooks. */
  any_hook?: readonly string[] | undefined;
  is_active?: boolean | undefined;
  namespace?: string | undefined;
};

export const pluginSorts = ["id", "name", "slug", "hook_type", "is_active", "created_at", "updated_at"] as const;
const sortColumns: Record<string, keyof Plugin> = {
  hook_type: "hookType",
  is_active: "isActive",
  created_at: "createdAt",
  updated_at: "updatedAt",
};

export function createPluginStore(db: Db) {
  const toPlugin = (row: unknown) => row as Plugin;
  const data = ({ configSchema, manifest, ...row }: Partial<PluginRow>) => ({
    ...row,
    ...(manifest === undefined ? {} : { manifest: manifest as Prisma.InputJsonObject }),
    ...(configSchema === undefined
      ? {}
      : { configSchema: configSchema === null ? Prisma.DbNull : (configSchema as Prisma.InputJsonObject) }),
  });
  const onSlugTaken = (slug: string | undefined) =>
    onUnique(() => conflict(`A plugin with the slug "${slug}" already exists; give another slug.`, "slug"));

  return {
    async list(list: ListQuery, filters: PluginFilters): Promise<Page<Plugin>> {
      const where: Prisma.PluginWhereInput = {
        ...(filters.is_active === undefined ? {} : { isActive: filters.is_active }),
        ...(filters.namespace === undefined ? {} : { namespace: { in: [...new Set(["", filters.namespace])] } }),
        AND: [
          filters.any_hook ? { hookTypes: { hasSome: [...filters.any_hook] } } : {},
          filters.hook_type ? { OR: [{ hookType: filters.hook_type }, { hookTypes: { has: filters.hook_type } }] } : {},
          list.q ? { OR: [{ name: contains(list.q) }, { slug: contains(list.q) }, { description: contains(list.q) }] } : {},
        ],
      };
      const column = sortColumns[list.sort.column] ?? list.sort.column;
      const direction = list.sort.descending ? "desc" : "asc";
      const [rows, total] = await Promise.all([
        db.prisma.plugin.findMany({ where, orderBy: [{ [column]: direction }, { id: "asc" }], skip: list.offset, take: list.size }),
        db.prisma.plugin.count({ where }),
      ]);
      return pageOf(list, rows.map(toPlugin), total);
    },

    async find(id: number): Promise<Plugin | undefined> {
      const row = await db.prisma.plugin.findUnique({ where: { id } });
      return row ? toPlugin(row) : undefined;
    },

    findMany: async (ids: number[]): Promise<Plugin[]> => (await db.prisma.plugin.findMany({ where: { id: { in: ids } } })).map(toPlugin),

    /** Every plugin that is to run somewhere, in the order of their ids. */
    listActive: async (): Promise<Plugin[]> =>
      (await db.prisma.plugin.findMany({ where: { isActive: true }, orderBy: { id: "asc" } })).map(toPlugin),

    /** What the service API needs to decide on a call. */
    findGrant: (id: number) =>
      db.prisma.plugin.findUnique({
        where: { id },
        select: { id: true, name: true, isActive: true, serviceAccessAuthorized: true, serviceScopes: true },
      }),

    /** The row, locked for the transaction. */
    async lock(tx: Tx, id: number): Promise<Plugin | undefined> {
      await tx.$queryRaw`SELECT id FROM plugins WHERE id = ${id} FOR UPDATE`;
      const row = await tx.plugin.findUnique({ where: { id } });
      return row ? toPlugin(row) : undefined;
    },

    insert: async (tx: Tx, row: PluginRow): Promise<Plugin> =>
      toPlugin(await tx.plugin.create({ data: data(row) as Prisma.PluginCreateInput }).catch(onSlugTaken(row.slug))),

    update: async (tx: Tx, id: number, row: Partial<PluginRow>): Promise<Plugin> =>
      toPlugin(await tx.plugin.update({ where: { id }, data: data(row) }).catch(onSlugTaken(row.slug))),

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
        include: { plugin: true },
        orderBy: [{ loadPriority: "desc" }, { pluginId: "asc" }, { id: "asc" }],
      });
      return rows as unknown as StoredUiRoute[];
    },

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

    /** What connected edges said last, to tell how plugins fare there. */
    listEdgeReports: () =>
      db.prisma.edge.findMany({
        where: { status: "connected" },
        select: { edgeId: true, report: true },
        orderBy: { id: "asc" },
        take: 100,
      }),

    async findEvent(id: string) {
      return (
        (await db.prisma.outboxEvent.findUnique({
          where: { id: BigInt(id) },
          select: { topic: true, objectType: true, objectId: true, actorUserId: true, payload: true },
        })) ?? undefined
      );
    },
  };
}
export type PluginStore = ReturnType<typeof createPluginStore>;
