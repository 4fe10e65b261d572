import { invalid, notFound } from "@portico/core";
import type { Outbound } from "@portico/outbound";
import type { ToolDefinition } from "@portico/tool-executor/definition";
import type { Actor } from "../auth/actor.ts";
import type { Db } from "../db/client.ts";
import { fromFreshRead, StaleRead } from "../db/fresh.ts";
import { type Change, record } from "../db/journal.ts";
import { allPages, type ListQuery, type Page } from "../db/paging.ts";
import { pickFields } from "../fields/contract/resource.ts";
import { copyName } from "../fields/copy-name.ts";
import { inputError } from "../fields/input-error.ts";
import type { ObjectHooks } from "../plugins/hooks/types.ts";
import type { SecretValues } from "../secrets/values.ts";
import { documentText } from "./contract/document-text.ts";
import { redacted, ToolDraft, ToolFields, type ToolPatch } from "./contract.ts";
import type { Documents } from "./document/documents.ts";
import { faultsOfUse } from "./document/use.ts";
import { hookableTool } from "./hookable.ts";
import type { Tool, ToolFilters, ToolRelation, ToolStore } from "./store.ts";
import { toAttributes } from "./wire.ts";

export type ToolService = {
  /** @param slim leaves documents out. */
  list(query: ListQuery, filters: ToolFilters, slim?: boolean): Promise<Page<Tool>>;
  /** All that match, without pages and documents. */
  all(filters: ToolFilters): Promise<Tool[]>;
  get(id: number): Promise<Tool>;
  /** What calls need of the tool's document. */
  definition(id: number): Promise<ToolDefinition>;
  create(actor: Actor, draft: ToolDraft): Promise<Tool>;
  update(actor: Actor, id: number, patch: ToolPatch): Promise<Tool>;
  delete(actor: Actor, id: number): Promise<void>;
  /** A copy with its key, files and dependencies, inactive until somebody has looked at it. */
  clone(actor: Actor, id: number): Promise<Tool>;
  allowOperation(actor: Actor, id: number, operation: string): Promise<Tool>;
  denyOperation(actor: Actor, id: number, operation: string): Promise<Tool>;
  relate(actor: Actor, id: number, relation: ToolRelation, change: RelationChange): Promise<Tool>;
  dependents(id: number): ReturnType<ToolStore["dependents"]>;
};

export type RelationChange = { set: number[] } | { add: number } | { remove: number };

/** A document is up to a megabyte: the audit trail keeps what it was, not all of it. */
function withoutDocument(entry: Change, definition: ToolDefinition): Change {
  if (entry.changes?.oas_spec === undefined) return entry;
  const { title, documentVersion, operations } = definition;
  return { ...entry, changes: { ...entry.changes, oas_spec: `${title} ${documentVersion}, ${operations.length} operations` } };
}

export function createToolService({
  db,
  store,
  hooks,
  secretValues,
  documents,
  outbound,
}: {
  db: Db;
  store: ToolStore;
  hooks: ObjectHooks;
  secretValues: Pick<SecretValues, "keep">;
  documents: Pick<Documents, "read">;
  outbound: Pick<Outbound, "faultOfUrl">;
}): ToolService {
  /** @throws AppError validation_failed for a document that cannot be used, and for what does not fit it. */
  async function readDocument(draft: ToolDraft): Promise<{ spec: string; definition: ToolDefinition }> {
    const spec = documentText(draft.oas_spec);
    const { definition } = await documents.read(spec, "oas_spec");
    const issues = faultsOfUse(definition, draft);
    const [first] = issues;
    if (first) throw invalid(first.field, first.message);
    return { spec, definition };
  }

  const judge = hooks.judge(hookableTool({ readDocument, outbound }));

  async function get(id: number): Promise<Tool> {
    const tool = await store.find(id);
    if (!tool) throw notFound("Tool");
    return tool;
  }

  async function rowOf(draft: ToolDraft, metadata: Record<string, unknown>) {
    const { spec, definition } = await readDocument(draft);
    const { auth_key: _key, oas_spec: _spec, operations = definition.operations.map(({ id }) => id), ...row } = draft;
    return { ...row, spec, definition, operations, metadata };
  }

  /** Without a list of operations, all that the document has. */
  async function withOperations(draft: ToolDraft): Promise<ToolDraft> {
    const { definition } = await readDocument(draft);
    return { ...draft, operations: draft.operations ?? definition.operations.map(({ id }) => id) };
  }

  async function create(actor: Actor, sent: ToolDraft, original?: { tool: Tool; authKeySealed: string | null }): Promise<Tool> {
    const accepted = await judge.create(actor, await withOperations(sent));
    const row = await rowOf(accepted.draft, accepted.metadata);
    return db.transaction(async (tx) => {
      const key = original ? original.authKeySealed : await secretValues.keep(tx, actor, "auth_key", accepted.draft.auth_key);
      let tool = await store.insert(tx, { ...row, storedAuthKey: key });
      if (original) {
        const ids = (list: { id: number }[]) => ({ set: list.map(({ id }) => id) });
        tool = await store.relate(tx, tool.id, "file_stores", ids(original.tool.files));
        tool = await store.relate(tx, tool.id, "dependencies", ids(original.tool.dependencies));
      }
      await record(tx, withoutDocument(accepted.created(tool), row.definition));
      return tool;
    });
  }

  async function update(actor: Actor, id: number, patchOf: (tool: Tool) => ToolPatch): Promise<Tool> {
    const current = await get(id);
    const { auth_key, ...changes } = patchOf(current);
    const before = pickFields(ToolFields, toAttributes(current));
    const keepsKey = auth_key === undefined || auth_key === redacted;
    const draft = ToolDraft.safeParse({ ...before, ...changes, auth_key: keepsKey ? before.auth_key : auth_key });
    // What was stored under older rules must be put right with the change.
    if (!draft.success) throw inputError(draft.error, "body");
    await readDocument(draft.data);
    const accepted = await judge.update(actor, current, draft.data);
    const metadata = { ...current.metadata, ...accepted.metadata };
    const row = await rowOf(accepted.draft, metadata);
    return db.transaction(async (tx) => {
      const locked = await store.lock(tx, id);
      if (!locked) throw notFound("Tool");
      if (locked.updatedAt.getTime() !== current.updatedAt.getTime()) throw new StaleRead();
      const storedAuthKey = await secretValues.keep(tx, actor, "auth_key", auth_key);
      const tool = await store.update(tx, id, { ...row, storedAuthKey });
      const named = { ...changes, ...(keepsKey ? {} : { auth_key: redacted }) };
      await record(tx, withoutDocument(accepted.updated(tool, named), row.definition));
      return tool;
    });
  }

  return {
    list: (query, filters, slim = false) => store.list(query, filters, slim),
    all: (filters) => allPages((list) => store.list(list, filters, false)),
    get,

    async definition(id) {
      const tool = await store.findCallable(id);
      if (!tool) throw notFound("Tool");
      return tool.definition;
    },

    create: (actor, draft) => create(actor, draft),
    update: (actor, id, patch) => fromFreshRead(() => update(actor, id, () => patch)),

    async delete(actor, id) {
      const tool = await get(id);
      const accepted = await judge.remove(actor, tool);
      await db.transaction(async (tx) => {
        if ((await store.delete(tx, id)) === 0) throw notFound("Tool");
        await record(tx, accepted.deleted({ name: tool.name }));
      });
    },

    async clone(actor, id) {
      const tool = await get(id);
      const callable = await store.findCallable(id);
      if (!callable) throw notFound("Tool");
      const draft = ToolDraft.parse({
        ...pickFields(ToolFields, toAttributes(tool)),
        name: await copyName(tool.name, (beginning) => store.namesLike(beginning, tool.namespace)),
        active: false,
      });
      return create(actor, draft, { tool, authKeySealed: callable.authKeySealed });
    },

    allowOperation: (actor, id, operation) =>
      fromFreshRead(() => update(actor, id, (tool) => ({ operations: [...new Set([...tool.operations, operation])] }))),
    denyOperation: (actor, id, operation) =>
      fromFreshRead(() => update(actor, id, (tool) => ({ operations: tool.operations.filter((one) => one !== operation) }))),

    relate: (actor, id, relation, change) =>
      fromFreshRead(async () => {
        const current = await get(id);
        return db.transaction(async (tx) => {
          const locked = await store.lock(tx, id);
          if (!locked) throw notFound("Tool");
          if (locked.updatedAt.getTime() !== current.updatedAt.getTime()) throw new StaleRead();
          const tool = await store.relate(tx, id, relation, change);
          await record(tx, judge.unjudged(actor, current, tool, { [relation]: change }));
          return tool;
        });
      }),

    async dependents(id) {
      await get(id);
      return store.dependents(id);
    },
  };
}
