import { AppError } from "@portico/core";
import type { PluginCaller } from "@portico/plugin-services";
import type { LLMInfo } from "@portico/protocol/studio-management";
import { vendorIds } from "@portico/protocol/vendors";
import { parseInput } from "../fields/input-error.ts";
import { operation } from "../grpc/operation.ts";
import { changesOf, idOf, listQueryOf, textsOf, unlessEmpty } from "../grpc/requests.ts";
import { LlmDraft, LlmPatch, redacted } from "./contract.ts";
import type { LlmService } from "./service.ts";
import type { Llm } from "./store.ts";
import { toAttributes } from "./wire.ts";

const toInfo = (llm: Llm): LLMInfo => ({
  id: llm.id,
  name: llm.name,
  vendor: llm.vendor,
  apiEndpoint: toAttributes(llm).api_endpoint,
  hasApiKey: llm.hasApiKey,
  privacyScore: llm.privacyScore,
  shortDescription: llm.shortDescription,
  defaultModel: llm.defaultModel,
  allowedModels: llm.allowedModels,
  active: llm.active,
  namespace: llm.namespace,
  monthlyBudget: llm.monthlyBudget ?? undefined,
  createdAt: llm.createdAt,
  updatedAt: llm.updatedAt,
  metadata: textsOf(llm.metadata),
});

const llmId = (id: number) => idOf(id, "llm_id", "LLM");

/** An LLM's key goes to its endpoint, from the gateways of its namespace: moving it is a right of its own, as it is for hooks, and also before there is a key. */
function checkKeyStays(plugin: PluginCaller, llm: Llm, patch: LlmPatch): void {
  const givesKey = patch.api_key !== undefined && patch.api_key !== redacted;
  if (givesKey || plugin.grants.has("llms.endpoint")) return;
  const before = toAttributes(llm);
  const moved = (["api_endpoint", "namespace"] as const).find((field) => (patch[field] ?? before[field]) !== before[field]);
  if (moved)
    throw new AppError({
      code: "forbidden",
      message: `insufficient scope: llms.endpoint (plugin: ${plugin.name}). Changing ${moved} changes where the LLM's key is sent: send a new key with it, or request the scope.`,
    });
}

/** LLMs and vendors for plugins. Keys are write-only here too. */
export const llmOperations = ({ llms }: { llms: LlmService }) => [
  operation({
    rpc: "listLlMs",
    scope: "llms.read",
    async handle(_call, { vendor, isActive, namespace, ...paging }) {
      const filters = { vendor: unlessEmpty(vendor), active: isActive, namespace: unlessEmpty(namespace) };
      const { items, total } = await llms.list(listQueryOf(paging), filters);
      return { llms: items.map(toInfo), totalCount: total };
    },
  }),
  operation({
    rpc: "getLlm",
    scope: "llms.read",
    handle: async (_call, request) => ({ llm: toInfo(await llms.get(llmId(request.llmId))) }),
  }),
  operation({
    rpc: "createLlm",
    scope: "llms.write",
    audit: true,
    async handle({ actor }, request) {
      const draft = parseInput(LlmDraft, {
        name: request.name,
        vendor: request.vendor,
        api_endpoint: request.apiEndpoint,
        api_key: request.apiKey,
        default_model: request.defaultModel,
        allowed_models: request.allowedModels,
        privacy_score: request.privacyScore,
        short_description: request.shortDescription,
        long_description: request.longDescription,
        logo_url: request.logoUrl,
        active: request.active,
        monthly_budget: request.monthlyBudget ?? null,
        namespace: request.namespace,
      });
      return { llm: toInfo(await llms.create(actor, draft)) };
    },
  }),
  operation({
    rpc: "updateLlm",
    scope: "llms.write",
    audit: true,
    async handle({ actor, plugin }, request) {
      const id = llmId(request.llmId);
      const changes = changesOf({
        name: request.name,
        api_endpoint: request.apiEndpoint,
        api_key: request.apiKey,
        default_model: request.defaultModel,
        allowed_models: request.allowedModels,
        privacy_score: request.privacyScore,
        short_description: request.shortDescription,
        long_description: request.longDescription,
        logo_url: request.logoUrl,
        active: request.active,
        monthly_budget: request.monthlyBudget,
        namespace: request.namespace,
      });
      const patch = parseInput(LlmPatch, changes);
      checkKeyStays(plugin, await llms.get(id), patch);
      return { llm: toInfo(await llms.update(actor, id, patch)) };
    },
  }),
  operation({
    rpc: "deleteLlm",
    scope: "llms.write",
    audit: true,
    async handle({ actor }, request) {
      await llms.delete(actor, llmId(request.llmId));
      return { success: true, message: "LLM deleted" };
    },
  }),
  operation({
    rpc: "getAvailableLlmDrivers",
    scope: "vendors.read",
    handle: () => ({
      drivers: vendorIds.map((vendor) => ({
        name: vendor,
        vendor,
        version: "1",
        description: `Speaks the ${vendor} API`,
        supportedFeatures: ["chat", "streaming"],
      })),
    }),
  }),
];
