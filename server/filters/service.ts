import { conflict, invalid, notFound } from "@portico/core";
import type { FilterEngine, FilterInput, FilterRun } from "@portico/filters";
import { faultOfScript } from "@portico/filters/script";
import type { Actor } from "../auth/actor.ts";
import type { Db } from "../db/client.ts";
import { record } from "../db/journal.ts";
import type { ListQuery, Page } from "../db/paging.ts";
import type { FilterDraft, FilterPatch, FilterTest } from "./contract.ts";
import type { Filter, FilterFilters, FilterRow, FilterStore } from "./store.ts";
import { decodeScript, toAttributes } from "./wire.ts";

export type FilterService = {
  list(query: ListQuery, filters: FilterFilters): Promise<Page<Filter>>;
  get(id: number): Promise<Filter>;
  create(actor: Actor, draft: FilterDraft): Promise<Filter>;
  update(actor: Actor, id: number, patch: FilterPatch): Promise<Filter>;
  delete(actor: Actor, id: number): Promise<void>;
  dependents(id: number): Promise<{ llms: { id: number; name: string }[]; total: number }>;
  /** Runs a script as gateways will. */
  test(actor: Actor, test: FilterTest): Promise<FilterRun>;
};

export function createFilterService({ db, store, engine }: { db: Db; store: FilterStore; engine: FilterEngine }): FilterService {
  async function get(id: number): Promise<Filter> {
    const filter = await store.find(id);
    if (!filter) throw notFound("Filter");
    return filter;
  }

  return {
    list: store.list,
    get,

    async create(actor, draft) {
      const row = toRow(draft);
      checkScript(row);
      return db.transaction(async (tx) => {
        const filter = await store.insert(tx, row);
        await record(tx, { kind: "filter", action: "created", id: filter.id, actor, object: objectOf(filter), changes: draft });
        return filter;
      });
    },

    update: (actor, id, patch) =>
      db.transaction(async (tx) => {
        const before = await store.lock(tx, id);
        if (!before) throw notFound("Filter");
        const row = toRow(patch);
        if (row.script !== undefined || row.active === true) checkScript({ ...before, ...row });
        checkNamespace(before, row);
        const filter = await store.update(tx, id, row);
        await record(tx, { kind: "filter", action: "updated", id, actor, object: objectOf(filter), changes: patch });
        return filter;
      }),

    async delete(actor, id) {
      const { name } = await get(id);
      await db.transaction(async (tx) => {
        if ((await store.delete(tx, id)) === 0) throw notFound("Filter");
        await record(tx, { kind: "filter", action: "deleted", id, actor, changes: { name } });
      });
    },

    async dependents(id) {
      await get(id);
      return store.dependents(id);
    },

    test: ({ userId }, { script, input }) => engine.run(script, toInput(input), { userId }),
  };
}

const objectOf = (filter: Filter) => ({ id: filter.id, ...toAttributes(filter) });

function toRow<D extends FilterDraft | FilterPatch>({ response_filter, script, ...row }: D) {
  const renamed = {
    ...row,
    ...(script === undefined ? {} : { script: decodeScript(script) }),
    ...(response_filter === undefined ? {} : { responseFilter: response_filter }),
  };
  return renamed as unknown as D extends FilterDraft ? FilterRow : Partial<FilterRow>;
}

/** What gateways would run must be something that they can run. */
function checkScript({ script, active }: Pick<FilterRow, "script" | "active">): void {
  const fault = active ? faultOfScript(script) : undefined;
  if (fault) throw invalid("script", fault.message);
}

/** A filter that its LLM's gateways do not see would guard nothing. */
function checkNamespace(before: Filter, { namespace }: Partial<FilterRow>): void {
  if (namespace === undefined || namespace === before.namespace || namespace === "" || before.llms.length === 0) return;
  throw conflict(`must stay while LLMs run the filter: ${before.llms.map(({ name }) => name).join(", ")}`, "namespace");
}

/** Roles as the reference's clients write them; scripts see those of the vendors. */
const roles: Record<string, string> = { human: "user", ai: "assistant" };

const toInput = ({ messages, ...input }: FilterTest["input"]): FilterInput => ({
  ...input,
  messages: messages.map(({ role, content, text, parts }) => ({
    role: roles[role] ?? role,
    content: content ?? text ?? (parts ?? []).map((part) => part.text ?? "").join(""),
  })),
});
