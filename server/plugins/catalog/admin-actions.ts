import { notFound } from "@portico/core";
import type { PluginHost } from "@portico/plugin-host";
import type { CallCounts } from "@portico/plugin-services";
import { gatewayHookTypes, runsOnGateways, studioHookTypes } from "@portico/protocol";
import type { Actor } from "../../auth/actor.ts";
import type { Db } from "../../db/client.ts";
import { record } from "../../db/journal.ts";
import { allPages } from "../../db/paging.ts";
import type { PluginLogStore } from "../../edges/plugin-log-store.ts";
import type {
  Approval,
  ConfigSchemaResource,
  LoadedPlugin,
  LogLine,
  PluginMetadata,
  PluginProcess,
  PluginStatus,
  WorkflowStatus,
} from "../contract/operations.ts";
import type { ApproveScopes, PluginResource } from "../contract.ts";
import type { Lifecycle } from "../processes/lifecycle.ts";
import { createMergedLogs, type PluginLogLine } from "../processes/merged-logs.ts";
import { hasStudioProcess } from "../processes/places.ts";
import type { KvStore } from "../service-api/kv-store.ts";
import type { Schemas } from "../settings/schemas/schemas.ts";
import { approvalOf, pendingOf, requestedOf, requiresApproval } from "./grants.ts";
import { categoryOf } from "./manifest.ts";
import type { PluginService } from "./service.ts";
import type { Plugin, PluginStore } from "./store.ts";
import { tryPlugin } from "./test-plugin.ts";
import { statusOf } from "./wire.ts";

function reloadMessage(processes: PluginProcess[], unconfirmed: string[]): string {
  const places = [
    ...processes.filter(({ place }) => place === "studio").map(() => "in the studio"),
    ...processes
      .filter(({ edge_id }) => edge_id !== undefined && !unconfirmed.includes(edge_id))
      .map(({ edge_id }) => `at the gateway ${edge_id}`),
  ];
  const waiting = unconfirmed.length === 0 ? "" : ` Not confirmed yet: ${unconfirmed.join(", ")}.`;
  if (places.length === 0 && waiting === "")
    return "No gateway runs the plugin yet; gateways will start it with the version that was read now.";
  if (places.length === 1 && places[0] === "in the studio" && waiting === "") return "Plugin reloaded successfully";
  return `Plugin reloaded${places.length === 0 ? "." : ` ${places.join(", ")}.`}${waiting}`;
}

/** What administrators do with a plugin beyond its row, in the shapes of the API. */
export function createPluginOperations({
  db,
  plugins,
  store,
  host,
  schemas,
  lifecycle,
  kv,
  callCounts,
  gatewayLogs,
}: {
  db: Db;
  plugins: PluginService;
  store: PluginStore;
  host: PluginHost;
  schemas: Schemas;
  lifecycle: Lifecycle;
  kv: KvStore;
  callCounts: Pick<CallCounts, "of">;
  /** What plugins wrote where they do not run in this process. */
  gatewayLogs: Pick<PluginLogStore, "list">;
}) {
  const mergedLogs = createMergedLogs({ host, gatewayLogs });
  const processOf = ({ id }: Plugin) => {
    const status = host.status(id);
    return {
      loaded: host.get(id) !== undefined,
      healthy: status?.state === "healthy",
      load_time: status?.startedAt?.toISOString() ?? null,
      last_ping: status?.lastPingAt?.toISOString() ?? null,
      pid: status?.pid ?? null,
    };
  };

  function logOf(plugin: Plugin, after: number): PluginLogLine[] | Promise<PluginLogLine[]> {
    const { id, hookTypes } = plugin;
    if (!hasStudioProcess(plugin)) return gatewayLogs.list(id, after);
    return runsOnGateways(hookTypes) ? mergedLogs.list(id, after) : host.logs(id, after);
  }

  const processesOf = async (plugin: Plugin): Promise<PluginProcess[]> =>
    (await lifecycle.processes(plugin)).map(({ edgeId, ...process }) => ({
      ...process,
      ...(edgeId === undefined ? {} : { edge_id: edgeId }),
    }));

  /** Reads the manifest again and puts its pages up, also those that were taken down. */
  async function loadPages(actor: Actor, id: number) {
    const { loaded } = await plugins.load(actor, id);
    const pages = await plugins.showPages(actor, id, true);
    await lifecycle.applySoon();
    return { loaded, pages };
  }

  return {
    async status(id: number): Promise<PluginStatus> {
      const plugin = await plugins.get(id);
      const { state, error, restarts } = lifecycle.live(plugin, await lifecycle.edgeStates());
      const process = processOf(plugin);
      return {
        plugin_id: id,
        plugin_name: plugin.name,
        plugin_category: categoryOf(plugin.hookTypes),
        hook_type: plugin.hookType,
        hook_types: plugin.hookTypes,
        is_active: plugin.isActive,
        command: plugin.command,
        is_oci: false,
        is_local: true,
        is_grpc: false,
        ...process,
        healthy: state === "healthy",
        state,
        error,
        restarts,
        processes: await processesOf(plugin),
        service_calls: callCounts.of(id),
      };
    },

    async loaded(): Promise<LoadedPlugin[]> {
      const statuses = host.statuses().filter(({ state }) => state !== "stopped");
      const rows = await store.findMany(statuses.map(({ id }) => id));
      return rows
        .sort((a, b) => a.id - b.id)
        .map((plugin) => ({
          plugin_id: plugin.id,
          plugin_name: plugin.name,
          command: plugin.command,
          is_oci: false,
          ...processOf(plugin),
        }));
    },

    async logs(id: number, after: number): Promise<{ data: LogLine[] }> {
      const plugin = await plugins.get(id);
      const lines = await logOf(plugin, after);
      return { data: lines.map((line) => ({ ...line, at: line.at.toISOString() })) };
    },

    dependents: (id: number) => plugins.dependents(id, kv.count),

    async reload(actor: Actor, id: number) {
      const { plugin, unconfirmed } = await plugins.reload(actor, id);
      const processes = await processesOf(plugin);
      return { message: reloadMessage(processes, unconfirmed), plugin: await plugins.resource(plugin), processes };
    },

    async validateAndLoad(actor: Actor, id: number, body: { command?: string | undefined }): Promise<PluginMetadata> {
      const { plugin, loaded } = await plugins.load(actor, id, body);
      await lifecycle.applySoon();
      return {
        type: "plugin-metadata",
        id: String(id),
        attributes: {
          command: plugin.command,
          hook_types: plugin.hookTypes,
          primary_hook: plugin.hookType,
          config_schema: loaded.configSchema,
          manifest: loaded.manifestJson,
          scopes: plugin.serviceScopes,
          capabilities: requestedOf(plugin),
          pending_capabilities: pendingOf(plugin),
          approval: approvalOf(plugin),
          status: statusOf(plugin),
          warnings: (await plugins.resource(plugin)).attributes.warnings,
          loaded_at: new Date().toISOString(),
        },
      };
    },

    async approve(actor: Actor, id: number, body: ApproveScopes): Promise<Approval> {
      const plugin = await plugins.approve(actor, id, body);
      const status = body.approved ? "approved" : "denied";
      return { message: `Plugin scopes ${status}`, status, data: await plugins.resource(plugin) };
    },

    async workflowStatus(id: number): Promise<WorkflowStatus> {
      const plugin = await plugins.get(id);
      return {
        type: "plugin-workflow-status",
        id: String(id),
        attributes: {
          status: statusOf(plugin),
          service_scopes: plugin.serviceScopes,
          service_access_authorized: plugin.serviceAccessAuthorized,
          requires_approval: requiresApproval(plugin),
          pending_capabilities: pendingOf(plugin),
          approval: approvalOf(plugin),
        },
      };
    },

    async configSchema(actor: Actor, id: number, { refresh }: { refresh: boolean }): Promise<ConfigSchemaResource> {
      const plugin = await plugins.get(id);
      const known = refresh ? null : plugin.configSchema;
      // Forms are made of it: one that was stored before there were limits is not handed out.
      if (known) await schemas.demand(known);
      const schema = known ?? (await plugins.load(actor, id)).loaded.configSchema;
      return { type: "plugin-config-schema", id: String(id), attributes: { schema } };
    },

    async parseManifest(actor: Actor, id: number) {
      const { loaded } = await loadPages(actor, id);
      return { message: "Manifest parsed and UI registered successfully", manifest: loaded.manifestJson };
    },

    async loadUi(actor: Actor, id: number) {
      const { pages } = await loadPages(actor, id);
      return { message: pages > 0 ? "Plugin UI loaded successfully" : "The plugin's manifest declares no pages" };
    },

    async unloadUi(actor: Actor, id: number) {
      await plugins.showPages(actor, id, false);
      return { message: "Plugin UI unloaded successfully" };
    },

    async test(id: number) {
      const plugin = await plugins.get(id);
      return tryPlugin({ host, schemas }, plugin, await lifecycle.revealConfig(plugin));
    },

    async listOfType(type: "gateway" | "ai_studio"): Promise<PluginResource[]> {
      const any_hook = type === "gateway" ? gatewayHookTypes : studioHookTypes;
      return allPages((list) => plugins.list(list, { any_hook }));
    },

    async clearData(actor: Actor, id: number): Promise<void> {
      await plugins.get(id);
      await db.transaction(async (tx) => {
        if (!(await store.lock(tx, id))) throw notFound("Plugin");
        const { count } = await kv.clear(tx, id);
        await record(tx, { kind: "plugin", action: "updated", id, actor, changes: { data: `cleared ${count} values` } });
      });
    },
  };
}
export type PluginOperations = ReturnType<typeof createPluginOperations>;
