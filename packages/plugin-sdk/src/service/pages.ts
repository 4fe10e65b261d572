import { messageOf } from "@portico/core";
import * as wire from "@portico/protocol/plugin";
import type { RpcArgs } from "../definition.ts";
import type { PluginHandlers, ServiceParts } from "./types.ts";

type Pages = Pick<PluginHandlers, "getAsset" | "listAssets" | "getManifest" | "getConfigSchema" | "call" | "portalCall">;

function argsOf(method: string, payload: string): RpcArgs {
  let args: unknown;
  try {
    args = payload === "" ? {} : JSON.parse(payload);
  } catch {
    throw new Error(`The arguments of ${method} are not valid JSON.`);
  }
  if (typeof args !== "object" || args === null || Array.isArray(args))
    throw new Error(`The arguments of ${method} must be a JSON object.`);
  return args as RpcArgs;
}

/** Own properties only: a page must not reach `constructor` and its like. */
function methodOf<T>(methods: Record<string, T> | undefined, name: string): T {
  const handler = methods && Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (handler === undefined) throw new Error(`This plugin has no method named ${JSON.stringify(name.slice(0, 100))}.`);
  return handler;
}

/** Assets, manifest, schema and the methods that pages call. What a handler throws reaches the page as success=false. */
export function pageHandlers<Config>({ definition, assets, services, contextOf }: ServiceParts<Config>): Pages {
  const manifestJson = JSON.stringify(definition.manifest);
  const schemaJson = JSON.stringify(definition.configSchema ?? {});

  /** Runs a method and gives its answer as JSON text. */
  async function answer(method: string, run: () => unknown): Promise<{ data: string } | { errorMessage: string }> {
    try {
      return { data: JSON.stringify((await run()) ?? null) };
    } catch (error) {
      services.logger.error(`The method ${method} failed`, { error: error instanceof Error ? error.stack : messageOf(error) });
      return { errorMessage: messageOf(error) || "The plugin failed without saying why." };
    }
  }

  return {
    async getAsset({ assetPath }) {
      try {
        if (!assets) throw new Error("This plugin serves no assets.");
        const { content, mimeType } = await assets.get(assetPath);
        return wire.GetAssetResponse.fromPartial({ success: true, content, mimeType, contentLength: content.length });
      } catch (error) {
        return wire.GetAssetResponse.fromPartial({ errorMessage: messageOf(error) });
      }
    },

    async listAssets({ pathPrefix }) {
      return wire.ListAssetsResponse.fromPartial({ success: true, assets: (await assets?.list(pathPrefix)) ?? [] });
    },

    getManifest: async () => wire.GetManifestResponse.fromPartial({ success: true, manifestJson }),
    getConfigSchema: async () => wire.GetConfigSchemaResponse.fromPartial({ success: true, schemaJson }),

    async call({ method, payload, serviceBrokerId }, { signal }) {
      services.useBroker(serviceBrokerId);
      const result = await answer(method, () => methodOf(definition.rpc, method)(argsOf(method, payload), contextOf(undefined, signal)));
      return wire.CallResponse.fromPartial({ success: "data" in result, ...result });
    },

    async portalCall({ method, payload, serviceBrokerId, userContext }, { signal }) {
      services.useBroker(serviceBrokerId);
      const result = await answer(method, () => {
        const handler = methodOf(definition.portalRpc, method);
        if (!userContext) throw new Error("The host did not say who is calling.");
        const { userId, ...user } = userContext;
        const base = contextOf(undefined, signal);
        return handler(argsOf(method, payload), { ...base, userId, user: { id: userId, ...user } });
      });
      return wire.PortalCallResponse.fromPartial({ success: "data" in result, ...result });
    },
  };
}
