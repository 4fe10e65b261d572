import { status } from "@grpc/grpc-js";
import type { Logger } from "@portico/core/logger";
import { hashToken } from "@portico/core/tokens";
import {
  createDispatcher,
  type Dispatch,
  kvOperations,
  licenseOperation,
  type Operation,
  operationFor,
  type PluginCaller,
} from "@portico/plugin-services";
import { MicrogatewayManagementServiceService } from "@portico/protocol/gateway-management";
import { GrpcError } from "@portico/protocol/grpc-error";
import type { Ledger } from "../budget/ledger.ts";
import type { RoutingTable } from "../config/routing-table.ts";
import type { ConfigStore } from "../config/store.ts";
import type { KvStore } from "./kv.ts";
import type { PayloadQueue } from "./payload-queue.ts";
import { appInfo, budgetStatus, llmInfo, pageOf, priceInfo, pricesOf } from "./service-shapes.ts";

type Call = { plugin: PluginCaller; table: RoutingTable };
const operation = operationFor<typeof MicrogatewayManagementServiceService, Call>();

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new GrpcError(status.NOT_FOUND, `${what} not found`);
  return value;
}

/** What the snapshot that is served now says of a plugin. */
export function admitBySnapshot(store: Pick<ConfigStore, "read">, pluginId: number): PluginCaller {
  const plugin = tableOf(store).plugins.get(pluginId);
  if (!plugin) throw new GrpcError(status.UNAUTHENTICATED, "plugin not found");
  return { id: pluginId, name: plugin.name, grants: plugin.serviceScopes };
}

function tableOf(store: Pick<ConfigStore, "read">): RoutingTable {
  const table = store.read();
  if (!table) throw new GrpcError(status.UNAVAILABLE, "the gateway has no configuration yet");
  return table;
}

/** Any other failure: its details are in the gateway's log only. */
export const gatewayFault = (logger: Logger, pluginId: number, error: unknown): GrpcError => {
  logger.error("a plugin's call failed", { plugin_id: pluginId, error });
  return new GrpcError(status.INTERNAL, "the gateway failed to answer");
};

/**
 * `MicrogatewayManagementService`. What a plugin may ask is what an administrator granted in the snapshot that is served now. There is no
 * rate limit: plugins keep their counters here while they judge requests.
 */
export function createServiceApi({
  store,
  ledger,
  kv,
  payloads,
  onPayload,
  logger,
}: {
  store: ConfigStore;
  ledger: Ledger;
  kv: KvStore;
  payloads: Pick<PayloadQueue, "add" | "pending">;
  /** A payload waits for the hub. */
  onPayload(): void;
  logger: Logger;
}): Dispatch {
  const operations: Operation<Call>[] = [
    operation({
      rpc: "listLlMs",
      scope: "llms.read",
      handle({ table }, { vendor, isActive, page, limit }) {
        // Only active LLMs are pushed to an edge.
        const all = isActive === false ? [] : [...table.llmsById.values()].filter((llm) => !vendor || llm.vendor.id === vendor);
        return { llms: pageOf(all, page, limit).map(llmInfo), totalCount: all.length };
      },
    }),
    operation({
      rpc: "getLlm",
      scope: "llms.read",
      handle: ({ table }, { llmId }) => ({ llm: llmInfo(present(table.llmsById.get(llmId), `LLM ${llmId}`)) }),
    }),
    operation({
      rpc: "listApps",
      scope: "apps.read",
      handle({ table }, { isActive, page, limit }) {
        const all = [...table.appsById.values()].filter((app) => app.active === (isActive ?? true) && !app.system);
        return { apps: pageOf(all, page, limit).map(appInfo), totalCount: all.length };
      },
    }),
    operation({
      rpc: "getApp",
      scope: "apps.read",
      handle: ({ table }, { appId }) => ({ app: appInfo(present(table.appsById.get(appId), `app ${appId}`)) }),
    }),
    operation({
      rpc: "getBudgetStatus",
      scope: "budget.read",
      handle({ table }, { appId, llmId }) {
        const app = present(table.appsById.get(appId), `app ${appId}`);
        if (llmId === undefined)
          return budgetStatus({ appId, llmId, budget: app.budget, position: ledger.position("app", appId, app.budget) });
        const llm = present(table.llmsById.get(llmId), `LLM ${llmId}`);
        return budgetStatus({ appId, llmId, budget: llm.budget, position: ledger.position("llm", llmId, llm.budget) });
      },
    }),
    operation({
      rpc: "listModelPrices",
      scope: "pricing.read",
      handle: ({ table }, { vendor }) => ({ modelPrices: pricesOf(table, vendor) }),
    }),
    operation({
      rpc: "getModelPrice",
      scope: "pricing.read",
      handle({ table }, { modelName, vendor }) {
        if (!modelName) throw new GrpcError(status.INVALID_ARGUMENT, "model_name is required");
        const price = present(table.prices.get(vendor)?.get(modelName), `price of model "${modelName}" of vendor "${vendor}"`);
        return { modelPrice: priceInfo(vendor, modelName, price) };
      },
    }),
    operation({
      rpc: "validateCredential",
      scope: "credentials.validate",
      handle({ table }, { secret }) {
        const app = secret ? store.appOf(table, hashToken(secret)) : undefined;
        const valid = app?.active === true && !app.system;
        return { valid, appId: valid ? app.id : 0, credentialId: 0, expiresAt: undefined };
      },
    }),
    // What is wrong with a payload is an answer and no error, as plugins for the reference system expect.
    operation({
      rpc: "queueControlPayload",
      scope: "control.send",
      handle({ plugin }, { payload, correlationId, metadata }) {
        const taken = payloads.add(plugin.id, { payload, correlationId, metadata });
        if ("fault" in taken) return { success: false, errorMessage: taken.fault, pendingCount: payloads.pending(plugin.id) };
        onPayload();
        return { success: true, errorMessage: "", pendingCount: taken.pending };
      },
    }),
  ];

  return createDispatcher<Call>({
    definition: MicrogatewayManagementServiceService,
    entries: [
      ...operations,
      ...kvOperations({
        read: kv.read,
        write(pluginId, key, value, expiresAt) {
          const outcome = kv.write(pluginId, key, value, expiresAt?.getTime() ?? null);
          if (outcome === "quota_exceeded") throw new GrpcError(status.RESOURCE_EXHAUSTED, "the plugin's storage at this gateway is full");
          return outcome === "created";
        },
        delete: kv.delete,
      }),
      licenseOperation,
    ],
    admit: (pluginId) => admitBySnapshot(store, pluginId),
    callOf: (plugin) => ({ plugin, table: tableOf(store) }),
    toGrpcError: (error, { pluginId }) => gatewayFault(logger, pluginId, error),
  });
}
