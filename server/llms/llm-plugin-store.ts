import type { Db, Tx } from "../db/client.ts";
import { type Plugin, toPlugin, withGrants } from "../plugins/catalog/store.ts";

export type LlmPluginRow = { plugin: Plugin; orderIndex: number; overrideSealed: string | null };

export function createLlmPluginStore(db: Db) {
  return {
    llmExists: async (llmId: number): Promise<boolean> => (await db.prisma.llm.count({ where: { id: llmId } })) > 0,

    /** In the order in which they run. */
    async list(llmId: number): Promise<LlmPluginRow[]> {
      const rows = await db.prisma.llmPlugin.findMany({
        where: { llmId },
        orderBy: [{ orderIndex: "asc" }, { pluginId: "asc" }],
        select: { orderIndex: true, overrideSealed: true, plugin: { include: withGrants } },
      });
      return rows.map((row) => ({ ...row, plugin: toPlugin(row.plugin) }));
    },

    async find(llmId: number, pluginId: number): Promise<LlmPluginRow | undefined> {
      const row = await db.prisma.llmPlugin.findUnique({
        where: { llmId_pluginId: { llmId, pluginId } },
        select: { orderIndex: true, overrideSealed: true, plugin: { include: withGrants } },
      });
      return row ? { ...row, plugin: toPlugin(row.plugin) } : undefined;
    },

    /** @returns the LLM's name, with its row locked; undefined when there is none. */
    async lockLlm(tx: Tx, llmId: number): Promise<string | undefined> {
      const rows = await tx.$queryRaw<{ name: string }[]>`SELECT name FROM llms WHERE id = ${llmId} FOR UPDATE`;
      return rows[0]?.name;
    },

    knownPlugins: async (tx: Tx, ids: number[]): Promise<number[]> =>
      (await tx.plugin.findMany({ where: { id: { in: ids } }, select: { id: true } })).map(({ id }) => id),

    /** In the order in which they run. */
    async attachedTo(tx: Tx, llmId: number): Promise<number[]> {
      const orderBy = [{ orderIndex: "asc" }, { pluginId: "asc" }] as const;
      const rows = await tx.llmPlugin.findMany({ where: { llmId }, orderBy: [...orderBy], select: { pluginId: true } });
      return rows.map(({ pluginId }) => pluginId);
    },

    /** Exactly these, in this order; those that stay keep their override. */
    async replace(tx: Tx, llmId: number, pluginIds: number[]): Promise<void> {
      await tx.llmPlugin.deleteMany({ where: { llmId, pluginId: { notIn: pluginIds } } });
      await tx.$executeRaw`
        INSERT INTO llm_plugins (llm_id, plugin_id, order_index, updated_at)
        SELECT ${llmId}::int, id, ord - 1, now() FROM unnest(${pluginIds}::int[]) WITH ORDINALITY AS given(id, ord)
        ON CONFLICT (llm_id, plugin_id) DO UPDATE SET order_index = excluded.order_index, is_active = true, updated_at = now()`;
    },

    /** @returns false when the plugin is not attached to the LLM. */
    async setOverride(
      tx: Tx,
      llmId: number,
      pluginId: number,
      row: { overrideSealed: string | null; secretReferences: string[] },
    ): Promise<boolean> {
      const { count } = await tx.llmPlugin.updateMany({ where: { llmId, pluginId }, data: row });
      return count > 0;
    },
  };
}
export type LlmPluginStore = ReturnType<typeof createLlmPluginStore>;
