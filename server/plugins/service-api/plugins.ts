import { status } from "@grpc/grpc-js";
import { AppError } from "@portico/core";
import type { PluginInfo } from "@portico/protocol/studio-management";
import { pluginActor } from "../../auth/actor.ts";
import { faultOfStored } from "../../db/storable.ts";
import { redactConfig } from "../config.ts";
import { isObject, type Json } from "../json.ts";
import type { LlmPluginStore } from "../llm-plugin-store.ts";
import { categoryOf } from "../manifest.ts";
import type { PluginService } from "../service.ts";
import type { Plugin, PluginStore } from "../store.ts";
import { type Handlers, invalidArgument, missing, ServiceError } from "./dispatcher.ts";
import { sliceOf } from "./objects.ts";

/** As much as the REST API takes. */
const maxConfigChars = 1024 * 1024;

/** Plugins as plugins see them: configurations without their secrets. */
export function pluginHandlers({
  store,
  links,
  service,
  openConfig,
}: {
  store: PluginStore;
  links: LlmPluginStore;
  service: () => PluginService;
  openConfig: (plugin: Plugin) => Json;
}): Handlers {
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

  return {
    async listPlugins(_caller, { hookType, isActive, namespace, ...paging }) {
      const { skip, take } = sliceOf(paging);
      const list = { number: skip / take + 1, size: take, offset: skip, q: "", sort: { column: "id", descending: false } };
      const { items, total } = await store.list(list, {
        hook_type: hookType || undefined,
        is_active: isActive,
        namespace: namespace || undefined,
      });
      return { plugins: items.map(toInfo), totalCount: total, totalPages: Math.ceil(total / take) };
    },
    async getPlugin(_caller, { pluginId }) {
      if (pluginId === 0) throw invalidArgument("plugin_id is required");
      const plugin = await store.find(pluginId);
      if (!plugin) throw missing(`plugin not found: ${pluginId}`);
      return { plugin: toInfo(plugin) };
    },
    async getLlmPlugins(_caller, { llmId }) {
      if (llmId === 0) throw invalidArgument("llm_id is required");
      if (!(await links.llmExists(llmId))) throw missing(`LLM not found: ${llmId}`);
      const rows = await links.list(llmId);
      return { plugins: rows.map(({ plugin }) => toInfo(plugin)) };
    },

    /** Its own settings, unless it was given every plugin. `[redacted]` keeps a secret. The process is restarted with them. */
    async updatePluginConfig(caller, { pluginId, configJson }) {
      const id = pluginId === 0 ? caller.id : pluginId;
      if (id !== caller.id && !caller.grants.has("plugins.write"))
        throw new ServiceError(status.PERMISSION_DENIED, `insufficient scope: plugins.write (plugin: ${caller.name})`);
      if (configJson.length > maxConfigChars) throw invalidArgument(`config_json is longer than ${maxConfigChars} characters`);
      let config: unknown;
      try {
        config = JSON.parse(configJson);
      } catch {
        throw invalidArgument("config_json is not JSON");
      }
      const fault = faultOfStored(config);
      if (fault) throw invalidArgument(`config_json ${fault}`);
      if (!isObject(config)) throw invalidArgument("config_json is not a JSON object");
      try {
        await service().update(pluginActor(caller), id, { config });
      } catch (error) {
        if (error instanceof AppError && error.code === "not_found") throw missing(`plugin not found: ${id}`);
        throw error;
      }
      return { success: true, message: "" };
    },
  };
}
