import { AppError, notFound } from "@portico/core";
import { isApprovedByAttachment } from "@portico/protocol";
import type { Actor } from "../auth/actor.ts";
import type { Db, Tx } from "../db/client.ts";
import { type Change, record, recordAll } from "../db/journal.ts";
import { requestedOf } from "../plugins/catalog/grants.ts";
import type { Json } from "../plugins/catalog/json.ts";
import type { Plugin, PluginStore } from "../plugins/catalog/store.ts";
import { toResource } from "../plugins/catalog/wire.ts";
import type { AttachedPlugin, OverrideResource } from "../plugins/contract.ts";
import type { Lifecycle } from "../plugins/processes/lifecycle.ts";
import { mergeConfig, redactConfig, restoreConfig } from "../plugins/settings/config.ts";
import type { Schemas } from "../plugins/settings/schemas/schemas.ts";
import { referencesIn, type SecretValues } from "../secrets/values.ts";
import type { Vault } from "../secrets/vault.ts";
import type { LlmPluginRow, LlmPluginStore } from "./llm-plugin-store.ts";

const field = "config_override";
const notAttached = () => new AppError({ code: "not_found", message: "Plugin-LLM association not found" });

/** Which plugins work for an LLM, in which order, and what is different about them there. */
export function createLlmPluginService({
  db,
  store,
  plugins,
  vault,
  secretValues,
  lifecycle,
  schemas,
}: {
  db: Db;
  store: LlmPluginStore;
  plugins: Pick<PluginStore, "lock" | "update" | "replaceGrants" | "findTakenPages">;
  vault: Vault;
  secretValues: Pick<SecretValues, "accept">;
  lifecycle: Lifecycle;
  schemas: Schemas;
}) {
  const openOverride = ({ overrideSealed }: LlmPluginRow): Json =>
    overrideSealed === null ? {} : (JSON.parse(vault.open(overrideSealed)) as Json);

  /** Attaching a plugin is the approval of its gateway hooks, with the program that it has now. */
  async function grantGatewayHooks(tx: Tx, ids: number[], actor: Actor): Promise<{ id: number; capabilities: string[] }[]> {
    const granted: { id: number; capabilities: string[] }[] = [];
    for (const id of [...ids].sort((a, b) => a - b)) {
      const plugin = await plugins.lock(tx, id);
      if (!plugin) continue;
      const hooks = requestedOf(plugin).filter((capability) => isApprovedByAttachment(capability) && !plugin.grants.includes(capability));
      if (hooks.length === 0) continue;
      if (actor.via === "plugin")
        throw new AppError({
          code: "forbidden",
          message: `Plugin ${id} has no approved gateway hooks. An administrator must attach it first, which approves them.`,
        });
      await plugins.replaceGrants(tx, id, [...plugin.grants, ...hooks], actor.userId);
      await plugins.update(tx, id, { approvedCodeHash: plugin.codeHash });
      granted.push({ id, capabilities: hooks });
    }
    return granted;
  }

  async function attached(llmId: number, pluginId: number): Promise<LlmPluginRow> {
    const row = await store.find(llmId, pluginId);
    if (!row) throw notAttached();
    return row;
  }

  const toOverride = (llmId: number, row: LlmPluginRow): OverrideResource => ({
    type: "llm-plugin-config",
    id: `${llmId}-${row.plugin.id}`,
    attributes: {
      llm_id: llmId,
      plugin_id: row.plugin.id,
      config_override: redactConfig(row.plugin.configSchema, openOverride(row)),
    },
  });

  return {
    async list(llmId: number): Promise<AttachedPlugin[]> {
      if (!(await store.llmExists(llmId))) throw notFound("LLM");
      const [rows, onEdges] = await Promise.all([store.list(llmId), lifecycle.edgeStates()]);
      const taken = await plugins.findTakenPages(rows.map(({ plugin }) => plugin.id));
      return rows.map((row) => {
        const { type, id, attributes } = toResource(
          row.plugin,
          lifecycle.openConfig(row.plugin),
          lifecycle.live(row.plugin, onEdges),
          [],
          taken,
        );
        return { type, id, attributes: { ...attributes, order_index: row.orderIndex, has_config_override: row.overrideSealed !== null } };
      });
    },

    /** In the order in which they run. */
    async plugins(llmId: number): Promise<Plugin[]> {
      if (!(await store.llmExists(llmId))) throw notFound("LLM");
      return (await store.list(llmId)).map(({ plugin }) => plugin);
    },

    /**
     * @param append keeps those that are attached already, in front.
     * @returns the plugins attached from now on, in order.
     * @throws AppError validation_failed naming every plugin that does not exist or is named twice.
     */
    async replace(actor: Actor, llmId: number, given: number[], { append = false } = {}): Promise<number[]> {
      const twice = given.flatMap((id, i) =>
        given.indexOf(id) === i ? [] : [{ field: `plugin_ids.${i}`, message: `has plugin ${id} twice` }],
      );
      return db.transaction(async (tx) => {
        if ((await store.lockLlm(tx, llmId)) === undefined) throw notFound("LLM");
        const known = await store.knownPlugins(tx, given);
        const unknown = given.flatMap((id, i) =>
          known.includes(id) ? [] : [{ field: `plugin_ids.${i}`, message: `there is no plugin ${id}` }],
        );
        const issues = [...unknown, ...twice];
        if (issues.length > 0) throw new AppError({ code: "validation_failed", message: "The list of plugins is not valid.", issues });
        const before = await store.attachedTo(tx, llmId);
        const pluginIds = append ? [...before, ...given.filter((id) => !before.includes(id))] : given;
        await store.replace(tx, llmId, pluginIds);
        const added = pluginIds.filter((id) => !before.includes(id));
        const granted = await grantGatewayHooks(tx, added, actor);
        await recordAll(tx, [
          ...granted.map(({ id, capabilities }): Change => {
            return { kind: "plugin", action: "approved", id, actor, changes: { capabilities, attached_to_llm: llmId } };
          }),
          { kind: "llm", action: "updated", id: llmId, actor, changes: { plugin_ids: pluginIds } },
        ]);
        return pluginIds;
      });
    },

    getOverride: async (llmId: number, pluginId: number): Promise<OverrideResource> => toOverride(llmId, await attached(llmId, pluginId)),

    /** What the plugin will see, its own configuration with this over it, must fit its schema. Empty takes the override away. */
    async setOverride(actor: Actor, llmId: number, pluginId: number, sent: Json): Promise<OverrideResource> {
      const row = await attached(llmId, pluginId);
      const { plugin } = row;
      const override = restoreConfig(plugin.configSchema, sent, openOverride(row), field);
      await schemas.accept(plugin.configSchema, mergeConfig(lifecycle.openConfig(plugin), override), field);
      const references = referencesIn(override, field);
      const sealed = Object.keys(override).length === 0 ? null : vault.seal(JSON.stringify(override));
      await db.transaction(async (tx) => {
        await secretValues.accept(tx, actor, references);
        const secretReferences = [...new Set(references.map(({ reference }) => reference))];
        if (!(await store.setOverride(tx, llmId, pluginId, { overrideSealed: sealed, secretReferences }))) throw notAttached();
        await record(tx, {
          kind: "llm",
          action: "updated",
          id: llmId,
          actor,
          changes: { plugin_id: pluginId, config_override: "changed" },
        });
      });
      return toOverride(llmId, await attached(llmId, pluginId));
    },
  };
}
export type LlmPluginService = ReturnType<typeof createLlmPluginService>;
