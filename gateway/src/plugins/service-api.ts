import { type handleUnaryCall, status } from "@grpc/grpc-js";
import { hashToken } from "@portico/core/tokens";
import type { GrpcService } from "@portico/plugin-host";
import type { ServiceScope } from "@portico/protocol";
import { type MicrogatewayManagementServiceServer, MicrogatewayManagementServiceService } from "@portico/protocol/gateway-management";
import type { Ledger } from "../budget/ledger.ts";
import type { RoutingTable } from "../config/routing-table.ts";
import type { ConfigStore } from "../config/store.ts";
import type { KvStore } from "./kv.ts";
import { appInfo, budgetStatus, llmInfo, pageOf, priceInfo, pricesOf } from "./service-shapes.ts";

const maxKeyBytes = 255;
const maxValueBytes = 5 * 1024 * 1024;

/** A refusal on the plugin's wire. */
class Refused extends Error {
  readonly code: status;
  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * `MicrogatewayManagementService` for one plugin. Who asks is known by the socket it was given, whatever it writes into the
 * request; what it may ask is what an administrator granted in the snapshot that is served now.
 */
export function createServiceApi({ store, ledger, kv }: { store: ConfigStore; ledger: Ledger; kv: KvStore }) {
  return function serviceFor(pluginId: number): GrpcService {
    const table = (): RoutingTable => {
      const current = store.read();
      if (!current) throw new Refused(status.UNAVAILABLE, "the gateway has no configuration yet");
      return current;
    };
    const demand = (scope: ServiceScope) => {
      const plugin = table().plugins.get(pluginId);
      if (!plugin) throw new Refused(status.UNAUTHENTICATED, "plugin not found");
      if (!plugin.serviceScopes.has(scope)) {
        throw new Refused(status.PERMISSION_DENIED, `insufficient scope: ${scope} (plugin: ${plugin.name})`);
      }
    };
    const unary =
      <Req, Res>(scope: ServiceScope | undefined, answer: (request: Req) => Res): handleUnaryCall<Req, Res> =>
      (call, callback) => {
        try {
          if (scope) demand(scope);
          callback(null, answer(call.request));
        } catch (error) {
          if (error instanceof Refused) callback({ code: error.code, details: error.message });
          else callback({ code: status.INTERNAL, details: "the gateway failed to answer" });
        }
      };
    const present = <T>(value: T | undefined, what: string): T => {
      if (value === undefined) throw new Refused(status.NOT_FOUND, `${what} not found`);
      return value;
    };
    const checkKey = (key: string) => {
      const bytes = Buffer.byteLength(key);
      if (bytes === 0 || bytes > maxKeyBytes) throw new Refused(status.INVALID_ARGUMENT, `key must be 1 to ${maxKeyBytes} bytes`);
    };

    const implementation: MicrogatewayManagementServiceServer = {
      listLlMs: unary("llms.read", ({ vendor, isActive, page, limit }) => {
        // Only active LLMs are pushed to an edge.
        const all = isActive === false ? [] : [...table().llmsById.values()].filter((llm) => !vendor || llm.vendor.id === vendor);
        return { llms: pageOf(all, page, limit).map(llmInfo), totalCount: all.length };
      }),
      getLlm: unary("llms.read", ({ llmId }) => ({ llm: llmInfo(present(table().llmsById.get(llmId), `LLM ${llmId}`)) })),
      listApps: unary("apps.read", ({ isActive, page, limit }) => {
        const all = [...table().appsById.values()].filter((app) => app.active === (isActive ?? true) && !app.system);
        return { apps: pageOf(all, page, limit).map(appInfo), totalCount: all.length };
      }),
      getApp: unary("apps.read", ({ appId }) => ({ app: appInfo(present(table().appsById.get(appId), `app ${appId}`)) })),
      getBudgetStatus: unary("budget.read", ({ appId, llmId }) => {
        const app = present(table().appsById.get(appId), `app ${appId}`);
        if (llmId === undefined)
          return budgetStatus({ appId, llmId, budget: app.budget, position: ledger.position("app", appId, app.budget) });
        const llm = present(table().llmsById.get(llmId), `LLM ${llmId}`);
        return budgetStatus({ appId, llmId, budget: llm.budget, position: ledger.position("llm", llmId, llm.budget) });
      }),
      listModelPrices: unary("pricing.read", ({ vendor }) => ({ modelPrices: pricesOf(table(), vendor) })),
      getModelPrice: unary("pricing.read", ({ modelName, vendor }) => {
        if (!modelName) throw new Refused(status.INVALID_ARGUMENT, "model_name is required");
        const price = present(table().prices.get(vendor)?.get(modelName), `price of model "${modelName}" of vendor "${vendor}"`);
        return { modelPrice: priceInfo(vendor, modelName, price) };
      }),
      validateCredential: unary("credentials.validate", ({ secret }) => {
        const app = secret ? store.appOf(table(), hashToken(secret)) : undefined;
        const valid = app?.active === true && !app.system;
        return { valid, appId: valid ? app.id : 0, credentialId: 0, expiresAt: undefined };
      }),
      writePluginKv: unary("kv.readwrite", ({ key, value, expireAt }) => {
        checkKey(key);
        if (value.length > maxValueBytes) throw new Refused(status.INVALID_ARGUMENT, `value must be at most ${maxValueBytes} bytes`);
        const outcome = kv.write(pluginId, key, value, expireAt ? expireAt.getTime() : null);
        if (outcome === "quota_exceeded") throw new Refused(status.RESOURCE_EXHAUSTED, "the plugin's storage at this gateway is full");
        return { created: outcome === "created" };
      }),
      readPluginKv: unary("kv.readwrite", ({ key }) => {
        checkKey(key);
        const value = kv.read(pluginId, key);
        if (!value) throw new Refused(status.NOT_FOUND, `key not found: ${key}`);
        return { value };
      }),
      deletePluginKv: unary("kv.readwrite", ({ key }) => {
        checkKey(key);
        return { deleted: kv.delete(pluginId, key) };
      }),
      queueControlPayload: unary("control.send", () => {
        throw new Refused(status.UNIMPLEMENTED, "this gateway does not carry payloads to the control plane");
      }),
      getLicenseInfo: unary(undefined, () => ({
        licenseValid: true,
        daysRemaining: -1,
        licenseType: "community",
        entitlements: [],
        organization: "",
        expiresAt: undefined,
      })),
    };
    return { definition: MicrogatewayManagementServiceService, implementation };
  };
}
