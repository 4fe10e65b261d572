import { notFound, slugify } from "@portico/core";
import { candidatesOf, poolFor } from "@portico/core/model-router";
import type { Actor } from "../auth/actor.ts";
import type { Db } from "../db/client.ts";
import { record } from "../db/journal.ts";
import type { ListQuery, Page } from "../db/paging.ts";
import { pickFields } from "../fields/contract/resource.ts";
import { parseInput } from "../fields/input-error.ts";
import {
  ModelRouterDraft,
  ModelRouterFields,
  type ModelRouterPatch,
  type PoolDraft,
  type RouterChoice,
  type RouterDryRun,
} from "./contract.ts";
import type { ModelRouter, ModelRouterFilters, ModelRouterRow, ModelRouterStore } from "./store.ts";
import { toAttributes } from "./wire.ts";

export type ModelRouterService = {
  list(query: ListQuery, filters: ModelRouterFilters): Promise<Page<ModelRouter>>;
  get(id: number): Promise<ModelRouter>;
  create(actor: Actor, draft: ModelRouterDraft): Promise<ModelRouter>;
  update(actor: Actor, id: number, patch: ModelRouterPatch): Promise<ModelRouter>;
  delete(actor: Actor, id: number): Promise<void>;
  /** Where a call for a model would go; nothing is called. */
  dryRun(run: RouterDryRun): Promise<RouterChoice>;
};

export function createModelRouterService({ db, store }: { db: Db; store: ModelRouterStore }): ModelRouterService {
  async function get(id: number): Promise<ModelRouter> {
    const router = await store.find(id);
    if (!router) throw notFound("Model router");
    return router;
  }

  return {
    list: store.list,
    get,

    create: (actor, draft) =>
      db.transaction(async (tx) => {
        const router = await store.insert(tx, toRow(draft));
        await record(tx, { kind: "model_router", action: "created", id: router.id, actor, object: objectOf(router), changes: draft });
        return router;
      }),

    update: (actor, id, patch) =>
      db.transaction(async (tx) => {
        if (!(await store.lock(tx, id))) throw notFound("Model router");
        const before = await store.read(tx, id);
        const draft = parseInput(ModelRouterDraft, { ...pickFields(ModelRouterFields, toAttributes(before)), ...patch });
        const router = await store.update(tx, id, toRow(draft));
        await record(tx, { kind: "model_router", action: "updated", id, actor, object: objectOf(router), changes: patch });
        return router;
      }),

    async delete(actor, id) {
      const { name } = await get(id);
      await db.transaction(async (tx) => {
        if ((await store.delete(tx, id)) === 0) throw notFound("Model router");
        await record(tx, { kind: "model_router", action: "deleted", id, actor, changes: { name } });
      });
    },

    async dryRun({ model, router_id, pools }) {
      const drafts: PoolDraft[] = pools ?? (await get(router_id as number)).pools;
      const pool = poolFor(drafts.map(toPool), model);
      if (!pool) return { model, pool: null, candidates: [], error: `No pool matches model: ${model}` };
      const candidates = candidatesOf(pool, model);
      const llms = new Map((await store.llms(candidates.map(({ vendor }) => vendor.llmId))).map((llm) => [llm.id, llm]));
      return {
        model,
        pool: { name: pool.name, model_pattern: pool.pattern, selection_algorithm: pool.algorithm, priority: pool.priority },
        candidates: candidates.map(({ vendor: { llmId }, share, model: asked }) => {
          const llm = llms.get(llmId);
          const problem = !llm ? "This LLM does not exist" : llm.active ? null : "This LLM is inactive";
          return { llm: llm ?? { id: llmId, name: "", vendor: "", active: false }, share, model: asked, problem };
        }),
        error: candidates.length === 0 ? "No active vendors available" : null,
      };
    },
  };
}

const objectOf = (router: ModelRouter) => ({ id: router.id, ...toAttributes(router) });

const toRow = ({ api_compat: _, ...draft }: ModelRouterDraft): ModelRouterRow => ({ ...draft, slug: draft.slug || slugify(draft.name) });

const toPool = ({ name, model_pattern, selection_algorithm, priority, vendors }: PoolDraft) => ({
  name,
  pattern: model_pattern,
  algorithm: selection_algorithm,
  priority,
  vendors: vendors.map(({ llm_id, weight, active, mappings }) => ({
    llmId: llm_id,
    weight,
    active,
    mappings: mappings.map(({ source_model, target_model }) => ({ source: source_model, target: target_model })),
  })),
});
