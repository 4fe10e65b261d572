import { notFound } from "@portico/core";
import type { Outbound } from "@portico/outbound";
import type { Actor } from "../auth/actor.ts";
import type { Db } from "../db/client.ts";
import { fromFreshRead, StaleRead } from "../db/fresh.ts";
import { record } from "../db/journal.ts";
import type { ListQuery } from "../db/paging.ts";
import { pickFields } from "../fields/contract/resource.ts";
import { inputError } from "../fields/input-error.ts";
import type { ObjectHooks } from "../plugins/hooks/types.ts";
import type { SecretValues } from "../secrets/values.ts";
import { LlmDraft, LlmFields, type LlmPatch, redacted } from "./contract.ts";
import { hookableLlm } from "./hookable.ts";
import type { Llm, LlmFilters, LlmStore } from "./store.ts";
import { toAttributes } from "./wire.ts";

export function createLlmService({
  db,
  store,
  hooks,
  secretValues,
  outbound,
}: {
  db: Db;
  store: LlmStore;
  hooks: ObjectHooks;
  secretValues: Pick<SecretValues, "keep">;
  outbound: Pick<Outbound, "faultOfUrl">;
}) {
  const judge = hooks.judge(hookableLlm({ outbound }));

  async function get(id: number): Promise<Llm> {
    const llm = await store.find(id);
    if (!llm) throw notFound("LLM");
    return llm;
  }

  async function update(actor: Actor, id: number, patch: LlmPatch): Promise<Llm> {
    const current = await get(id);
    const { api_key, ...changes } = patch;
    const before = pickFields(LlmFields, toAttributes(current));
    const keepsKey = api_key === undefined || api_key === redacted;
    const draft = LlmDraft.safeParse({ ...before, ...changes, api_key: keepsKey ? before.api_key : api_key });
    // What was stored under older rules must be put right with the change.
    if (!draft.success) throw inputError(draft.error, "body");
    const accepted = await judge.update(actor, current, draft.data);
    const { api_key: _kept, ...row } = accepted.draft;
    return db.transaction(async (tx) => {
      const locked = await store.lock(tx, id);
      if (!locked) throw notFound("LLM");
      if (locked.updatedAt.getTime() !== current.updatedAt.getTime()) throw new StaleRead();
      const llm = await store.update(tx, id, {
        ...row,
        storedApiKey: await secretValues.keep(tx, actor, "api_key", api_key),
        metadata: { ...current.metadata, ...accepted.metadata },
      });
      await record(tx, accepted.updated(llm, { ...changes, ...(keepsKey ? {} : { api_key: redacted }) }));
      return llm;
    });
  }

  return {
    list: (query: ListQuery, filters: LlmFilters) => store.list(query, filters),
    get,

    async create(actor: Actor, draft: LlmDraft): Promise<Llm> {
      const accepted = await judge.create(actor, draft);
      const { api_key, ...row } = accepted.draft;
      return db.transaction(async (tx) => {
        const llm = await store.insert(tx, {
          ...row,
          storedApiKey: await secretValues.keep(tx, actor, "api_key", api_key),
          metadata: accepted.metadata,
        });
        await record(tx, accepted.created(llm));
        return llm;
      });
    },

    update: (actor: Actor, id: number, patch: LlmPatch): Promise<Llm> => fromFreshRead(() => update(actor, id, patch)),

    async delete(actor: Actor, id: number): Promise<void> {
      const llm = await get(id);
      const accepted = await judge.remove(actor, llm);
      await db.transaction(async (tx) => {
        const { count } = await store.delete(tx, id);
        if (count === 0) throw notFound("LLM");
        await record(tx, accepted.deleted({ name: llm.name }));
      });
    },

    async dependents(id: number) {
      await get(id);
      return store.dependents(id);
    },
  };
}
export type LlmService = ReturnType<typeof createLlmService>;
