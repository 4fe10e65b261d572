import type { ModelRouterAttributes, ModelRouterResource } from "./contract.ts";
import type { ModelRouter } from "./store.ts";

export const toAttributes = (router: ModelRouter): ModelRouterAttributes => ({
  name: router.name,
  slug: router.slug,
  description: router.description,
  api_compat: "openai",
  active: router.active,
  namespace: router.namespace,
  pools: router.pools,
  created_at: router.createdAt.toISOString(),
  updated_at: router.updatedAt.toISOString(),
});

export const toResource = (router: ModelRouter): ModelRouterResource => ({
  type: "model-routers",
  id: String(router.id),
  attributes: toAttributes(router),
});
