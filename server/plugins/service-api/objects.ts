import { perTokenFromPerMillion } from "@portico/core";
import type { AppInfo, LLMInfo, ModelPriceInfo } from "@portico/protocol/studio-management";
import { vendorIds } from "@portico/protocol/vendors";
import { pluginActor } from "../../auth/actor.ts";
import type { Db } from "../../db/client.ts";
import { record } from "../../db/journal.ts";
import { type Handlers, invalidArgument, missing } from "./dispatcher.ts";
import { type AppRow, dollarsOf, type LlmRow, type ObjectsStore, type Slice } from "./objects-store.ts";

const maxMetadataChars = 64 * 1024;

/** Page 1 and 20 rows unless asked otherwise; at most 100. */
export function sliceOf({ page, limit }: { page: number; limit: number }): Slice {
  const take = limit <= 0 || limit > 100 ? 20 : limit;
  return { skip: (Math.min(Math.max(page, 1), 1_000_000) - 1) * take, take };
}

const asTexts = (metadata: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries((metadata ?? {}) as Record<string, unknown>).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );

const toLlmInfo = ({ monthlyBudgetMicroUsd, metadata, ...llm }: LlmRow): LLMInfo => ({
  ...llm,
  monthlyBudget: dollarsOf(monthlyBudgetMicroUsd),
  metadata: asTexts(metadata),
});

const toAppInfo = ({ monthlyBudgetMicroUsd, metadata, owner, llms, userId, ...app }: AppRow): AppInfo => ({
  ...app,
  monthlyBudget: dollarsOf(monthlyBudgetMicroUsd),
  metadata: JSON.stringify(metadata ?? {}),
  ownerEmail: owner?.email ?? "",
  userId: userId ?? 0,
  llmIds: llms.map(({ llmId }) => llmId),
  toolIds: [],
  datasourceIds: [],
});

type PriceRow = NonNullable<Awaited<ReturnType<ObjectsStore["findPrice"]>>>;
const toPriceInfo = (price: PriceRow): ModelPriceInfo => ({
  id: price.id,
  modelName: price.modelName,
  vendor: price.vendor,
  cpt: perTokenFromPerMillion(Number(price.outputMicroUsdPerMillion)),
  cpit: perTokenFromPerMillion(Number(price.inputMicroUsdPerMillion)),
  cacheWritePt: perTokenFromPerMillion(Number(price.cacheWriteMicroUsdPerMillion)),
  cacheReadPt: perTokenFromPerMillion(Number(price.cacheReadMicroUsdPerMillion)),
  currency: price.currency,
  createdAt: price.createdAt,
  updatedAt: price.updatedAt,
});

/** LLMs, apps, prices and vendors as plugins see them. */
export function objectHandlers({ db, objects }: { db: Db; objects: ObjectsStore }): Handlers {
  return {
    async listLlMs(_caller, { vendor, isActive, namespace, ...paging }) {
      const { rows, total } = await objects.listLlms({ vendor, namespace, active: isActive }, sliceOf(paging));
      return { llms: rows.map(toLlmInfo), totalCount: total };
    },
    async getLlm(_caller, { llmId }) {
      if (llmId === 0) throw invalidArgument("llm_id is required");
      const llm = await objects.findLlm(llmId);
      if (!llm) throw missing(`LLM not found: ${llmId}`);
      return { llm: toLlmInfo(llm) };
    },

    async listApps(_caller, { isActive, namespace, userId, ...paging }) {
      const { rows, total } = await objects.listApps({ active: isActive, namespace, userId }, sliceOf(paging));
      return { apps: rows.map(toAppInfo), totalCount: total };
    },
    async getApp(_caller, { appId }) {
      if (appId === 0) throw invalidArgument("app_id is required");
      const app = await objects.findApp(appId);
      if (!app) throw missing(`app not found: ${appId}`);
      return { app: toAppInfo(app) };
    },
    async patchAppMetadata(caller, { appId, key, value, delete: remove }) {
      if (appId === 0) throw invalidArgument("app_id is required");
      if (key === "" || key.length > 200 || key === "__proto__") throw invalidArgument("key must have 1 to 200 characters");
      if (value.length > maxMetadataChars) throw invalidArgument(`value is longer than ${maxMetadataChars} characters`);
      let parsed: unknown;
      try {
        parsed = remove ? undefined : JSON.parse(value);
      } catch {
        throw invalidArgument("value is not JSON");
      }
      const metadata = await db.transaction(async (tx) => {
        const changed = await objects.patchAppMetadata(tx, appId, key, parsed);
        if (!changed) throw missing(`app not found: ${appId}`);
        await record(tx, { kind: "app", action: "updated", id: appId, actor: pluginActor(caller), changes: { metadata: key } });
        return changed;
      });
      return { success: true, message: "", metadata: JSON.stringify(metadata) };
    },

    async listModelPrices(_caller, { vendor, ...paging }) {
      const { rows, total } = await objects.listPrices(vendor, sliceOf(paging));
      return { modelPrices: rows.map(toPriceInfo), totalCount: total };
    },
    async getModelPrice(_caller, { modelPriceId }) {
      const price = modelPriceId === 0 ? null : await objects.findPrice(modelPriceId);
      if (!price) throw missing(`model price not found: ${modelPriceId}`);
      return { modelPrice: toPriceInfo(price) };
    },
    async getModelPricesByVendor(_caller, { vendor }) {
      if (vendor === "") throw invalidArgument("vendor is required");
      const { rows } = await objects.listPrices(vendor, { skip: 0, take: 1_000 });
      return { modelPrices: rows.map(toPriceInfo) };
    },

    getAvailableLlmDrivers: async () => ({
      drivers: vendorIds.map((vendor) => ({
        name: vendor,
        vendor,
        version: "1",
        description: `Speaks the ${vendor} API`,
        supportedFeatures: ["chat", "streaming"],
      })),
    }),
    getLicenseInfo: async () => ({
      licenseValid: true,
      daysRemaining: -1,
      licenseType: "community",
      entitlements: [],
      organization: "",
      expiresAt: undefined,
    }),
  };
}
