import type { PluginRuntime } from "@portico/protocol";
import { createAssets } from "../assets.ts";
import { parseConfig, parseConfigJson } from "../config.ts";
import type { PluginDefinition } from "../definition.ts";
import type { HostServices } from "../services.ts";
import { extraHandlers } from "./extras.ts";
import { objectHandlers } from "./objects.ts";
import { pageHandlers } from "./pages.ts";
import { pipelineHandlers } from "./pipeline.ts";
import { sessionHandlers } from "./session.ts";
import type { PluginHandlers, ServiceParts } from "./types.ts";

/** The settings before Initialize: the schema's defaults, so that a config-only load never meets undefined settings. */
function defaultsOf<Config>(definition: PluginDefinition<Config>): Config {
  return parseConfig({}, { ...definition.configSchema, required: [] }) as Config;
}

const keptOverrides = 64;

/** The settings of one call: those of its LLM when it has its own, else the plugin's. The same text is read once. */
function createConfigOf<Config>(definition: PluginDefinition<Config>, state: { config: Config }) {
  const known = new Map<string, Config>();
  return (override: string | undefined): Config => {
    if (!override) return state.config;
    const found = known.get(override) ?? (parseConfigJson(override, definition.configSchema) as Config);
    if (known.size >= keptOverrides) known.clear();
    known.set(override, found);
    return found;
  };
}

/** All 35 rpcs of a plugin as plain functions. `services` may come later than the handlers but before the first call. */
export function createPluginHandlers<Config>({
  definition,
  runtime,
  createServices,
}: {
  definition: PluginDefinition<Config>;
  runtime: PluginRuntime;
  createServices: (pluginId: () => number) => HostServices;
}): PluginHandlers {
  const state = { pluginId: 0, config: defaultsOf(definition) };
  const services = createServices(() => state.pluginId);
  const configOf = createConfigOf(definition, state);
  const parts: ServiceParts<Config> = {
    definition,
    runtime,
    services,
    state,
    assets: definition.assets === undefined ? undefined : createAssets(definition.assets),
    contextOf: (wireContext, signal) => ({
      runtime,
      config: configOf(wireContext?.metadata.config_override),
      pluginId: state.pluginId,
      requestId: wireContext?.requestId ?? "",
      appId: wireContext?.appId ?? 0,
      userId: wireContext?.userId ?? 0,
      llmId: wireContext?.llmId ?? 0,
      llmSlug: wireContext?.llmSlug ?? "",
      vendor: wireContext?.vendor ?? "",
      edgeId: wireContext?.metadata.edge_id ?? "",
      edgeNamespace: wireContext?.metadata.edge_namespace ?? "",
      metadata: wireContext?.metadata ?? {},
      traceContext: wireContext?.traceContext ?? {},
      services,
      signal,
    }),
  };
  return {
    ...sessionHandlers(parts),
    ...pipelineHandlers(parts),
    ...pageHandlers(parts),
    ...objectHandlers(parts),
    ...extraHandlers(parts),
  };
}
