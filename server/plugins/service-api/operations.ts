import { AppError, invalid } from "@portico/core";
import { type KvPort, kvOperations } from "@portico/plugin-services";
import type { PluginInfo } from "@portico/protocol/studio-management";
import { parseInput } from "../../fields/input-error.ts";
import { type Operation, operation } from "../../grpc/operation.ts";
import { checkStorable, idOf, jsonOf, listQueryOf, unlessEmpty } from "../../grpc/requests.ts";
import type { LlmPluginService } from "../../llms/llm-plugins.ts";
import { isObject, type Json } from "../catalog/json.ts";
import { categoryOf } from "../catalog/manifest.ts";
import type { PluginService } from "../catalog/service.ts";
import type { Plugin } from "../catalog/store.ts";
import { LlmPlugins } from "../contract.ts";
import { redactConfig } from "../settings/config.ts";

/** As much as the REST API takes. */
const maxConfigChars = 1024 * 1024;

const pluginId = (id: number) => idOf(id, "plugin_id", "Plugin");
const llmId = (id: number) => idOf(id, "llm_id", "LLM");

/** Plugins as plugins see them, configurations without their secrets, and what a plugin keeps for itself. */
export function pluginOperations({
  plugins,
  llmPlugins,
  kv,
  openConfig,
}: {
  plugins: PluginService;
  llmPlugins: LlmPluginService;
  kv: KvPort;
  openConfig: (plugin: Plugin) => Json;
}): Operation[] {
  const toInfo = (plugin: Plugin): PluginInfo => ({
    id: plugin.id,
    name: plugin.name,
    description: plugin.description,
    command: plugin.command,
    configJson: JSON.stringify(redactConfig(plugin.configSchema, openConfig(plugin))),
    hookType: plugin.hookType,
    isActive: plugin.isActive,
    namespace: plugin.namespace,
    hookTypes: plugin.hookTypes,
    serviceAccessAuthorized: plugin.serviceAccessAuthorized,
    serviceScopes: plugin.serviceScopes,
    createdAt: plugin.createdAt,
    updatedAt: plugin.updatedAt,
    hookTypesCustomized: plugin.hookTypesCustomized,
    pluginCategory: categoryOf(plugin.hookTypes),
  });

  return [
    operation({
      rpc: "listPlugins",
      scope: "plugins.read",
      async handle(_call, { hookType, isActive, namespace, ...paging }) {
        const list = listQueryOf(paging);
        const filters = { hook_type: unlessEmpty(hookType), is_active: isActive, namespace: unlessEmpty(namespace) };
        const { items, total } = await plugins.rows(list, filters);
        return { plugins: items.map(toInfo), totalCount: total, totalPages: Math.ceil(total / list.size) };
      },
    }),
    operation({
      rpc: "getPlugin",
      scope: "plugins.read",
      handle: async (_call, request) => ({ plugin: toInfo(await plugins.get(pluginId(request.pluginId))) }),
    }),
    operation({
      rpc: "updatePluginConfig",
      scope: ["plugins.config", "plugins.write"],
      audit: true,
      // Its own settings, unless it was given every plugin. `[redacted]` keeps a secret. The process is restarted with them.
      async handle({ actor, plugin }, { pluginId: named, configJson }) {
        const id = named === 0 ? plugin.id : named;
        if (id !== plugin.id && !plugin.grants.has("plugins.write"))
          throw new AppError({ code: "forbidden", message: `insufficient scope: plugins.write (plugin: ${plugin.name})` });
        const config = jsonOf(configJson, "config_json", maxConfigChars);
        if (!isObject(config)) throw invalid("config_json", "is not a JSON object");
        checkStorable({ configJson: config });
        await plugins.update(actor, pluginId(id), { config });
        return { success: true, message: "" };
      },
    }),
    operation({
      rpc: "getLlmPlugins",
      scope: "llms.read",
      handle: async (_call, request) => ({ plugins: (await llmPlugins.plugins(llmId(request.llmId))).map(toInfo) }),
    }),
    operation({
      rpc: "updateLlmPlugins",
      scope: "llms.write",
      audit: true,
      async handle({ actor }, { llmId: id, pluginIds, append }) {
        const { plugin_ids } = parseInput(LlmPlugins, { plugin_ids: pluginIds });
        return { success: true, message: "", pluginIds: await llmPlugins.replace(actor, llmId(id), plugin_ids, { append }) };
      },
    }),
    ...kvOperations(kv),
  ];
}
