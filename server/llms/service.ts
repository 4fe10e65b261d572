import { AppError, invalid, notFound } from "@portico/core";
import type { Outbound } from "@portico/outbound";
import type { Actor } from "../auth/actor.ts";
import type { Db } from "../db/client.ts";
import { fromFreshRead, StaleRead } from "../db/fresh.ts";
import { record } from "../db/journal.ts";
import type { ListQuery } from "../db/paging.ts";
import { pickFields } from "../fields/contract/resource.ts";
import { inputError } from "../fields/input-error.ts";
import type { ObjectHooks } from "../plugins/hooks/types.ts";
import { accepted, auditOf } from "../plugins/hooks/verdict.ts";
import type { Vault } from "../secrets/vault.ts";
import { LlmDraft, LlmFields, type LlmPatch, redacted } from "./contract.ts";
import type { Llm, LlmFilters, LlmStore } from "./store.ts";
import { toAttributes } from "./wire.ts";

export function createLlmService({
  db,
  store,
  hooks,
  vault,
  outbound,
}: {
  db: Db;
  store: LlmStore;
  hooks: ObjectHooks;
  vault: Vault;
  outbound: Pick<Outbound, "faultOfUrl">;
}) {
  async function get(id: number): Promise<Llm> {
    const llm = await store.find(id);
    if (!llm) throw notFound("LLM");
    return llm;
  }

  /** Names are judged again by what they resolve to, at each connection of a gateway. One that stays may stay: it can be switched off. */
  function checkEndpoint({ api_endpoint }: LlmDraft, stored?: string): void {
    if (api_endpoint === "" || api_endpoint === stored) return;
    const fault = outbound.faultOfUrl("llm", new URL(api_endpoint));
    if (fault) throw invalid("api_endpoint", fault);
  }

  /**
   * A plugin may rewrite the draft, so it is judged again exactly as a caller's would be; the key is not its to see or change, and neither
   * is what the key opens.
   */
  async function judged(operation: "create" | "update", draft: LlmDraft, id: number, actor: Actor) {
    const { api_key, allowed_endpoints, key_origins, ...rest } = draft;
    const verdict = await hooks.before(
      { object: "llm", operation },
      { ...rest, allowed_endpoints, key_origins, id, api_key: api_key ? redacted : "" },
      actor,
    );
    const { object, metadata, changes } = accepted(verdict);
    const { id: _id, api_key: _key, metadata: _metadata, ...fields } = object;
    const again = LlmDraft.safeParse({ ...fields, api_key, allowed_endpoints, key_origins });
    if (!again.success)
      throw new AppError({
        code: "plugin_invalid",
        message: "A plugin changed the LLM into something that is not valid.",
        issues: inputError(again.error, "body").issues,
      });
    return { accepted: again.data, pluginMetadata: metadata, pluginChanges: changes };
  }

  async function update(actor: Actor, id: number, patch: LlmPatch): Promise<Llm> {
    const current = await get(id);
    const { api_key, ...changes } = patch;
    const before = pickFields(LlmFields, toAttributes(current));
    const keepsKey = api_key === undefined || api_key === redacted;
    const draft = LlmDraft.safeParse({ ...before, ...changes, api_key: keepsKey ? before.api_key : api_key });
    // What was stored under older rules must be put right with the change.
    if (!draft.success) throw inputError(draft.error, "body");
    checkEndpoint(draft.data, current.apiEndpoint);
    const { accepted: llm, pluginMetadata, pluginChanges } = await judged("update", draft.data, id, actor);
    checkEndpoint(llm, current.apiEndpoint);
    const { api_key: _kept, ...row } = llm;
    await db.transaction(async (tx) => {
      const locked = await store.lock(tx, id);
      if (!locked) throw notFound("LLM");
      if (locked.updatedAt.getTime() !== current.updatedAt.getTime()) throw new StaleRead();
      await store.update(tx, id, {
        ...row,
        sealedApiKey: keepsKey ? undefined : api_key === "" ? null : vault.seal(api_key),
        metadata: { ...current.metadata, ...pluginMetadata },
      });
      await record(tx, {
        kind: "llm",
        action: "updated",
        id,
        actor,
        object: { id, ...row },
        changes: { ...changes, ...(keepsKey ? {} : { api_key: redacted }), ...auditOf(pluginChanges, row) },
      });
    });
    return get(id);
  }

  return {
    list: (query: ListQuery, filters: LlmFilters) => store.list(query, filters),
    get,

    async create(actor: Actor, draft: LlmDraft): Promise<Llm> {
      checkEndpoint(draft);
      const { accepted: llm, pluginMetadata, pluginChanges } = await judged("create", draft, 0, actor);
      checkEndpoint(llm);
      const { api_key, ...row } = llm;
      const id = await db.transaction(async (tx) => {
        const created = await store.insert(tx, {
          ...row,
          sealedApiKey: api_key && api_key !== redacted ? vault.seal(api_key) : null,
          metadata: pluginMetadata,
        });
        await record(tx, {
          kind: "llm",
          action: "created",
          id: created.id,
          actor,
          object: { id: created.id, ...row },
          changes: { ...row, ...auditOf(pluginChanges, row) },
        });
        return created.id;
      });
      return get(id);
    },

    update: (actor: Actor, id: number, patch: LlmPatch): Promise<Llm> => fromFreshRead(() => update(actor, id, patch)),

    async delete(actor: Actor, id: number): Promise<void> {
      const llm = await get(id);
      accepted(await hooks.before({ object: "llm", operation: "delete" }, { id, ...toAttributes(llm) }, actor));
      await db.transaction(async (tx) => {
        const { count } = await store.delete(tx, id);
        if (count === 0) throw notFound("LLM");
        await record(tx, { kind: "llm", action: "deleted", id, actor, changes: { name: llm.name } });
      });
    },

    async dependents(id: number) {
      await get(id);
      return store.dependents(id);
    },
  };
}
export type LlmService = ReturnType<typeof createLlmService>;
