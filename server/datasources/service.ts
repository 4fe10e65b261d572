import { notFound } from "@portico/core";
import type { Actor } from "../auth/actor.ts";
import type { Db, Tx } from "../db/client.ts";
import { fromFreshRead, StaleRead } from "../db/fresh.ts";
import { record } from "../db/journal.ts";
import { allPages, type ListQuery, type Page } from "../db/paging.ts";
import { pickFields } from "../fields/contract/resource.ts";
import { copyName } from "../fields/copy-name.ts";
import { inputError } from "../fields/input-error.ts";
import type { ObjectHooks } from "../plugins/hooks/types.ts";
import type { SecretValues } from "../secrets/values.ts";
import { toAttributes as toTagAttributes } from "../tags/wire.ts";
import { DatasourceDraft, DatasourceFields, type DatasourcePatch, redacted } from "./contract.ts";
import { hookableDatasource } from "./hookable.ts";
import { checkConnections } from "./rules.ts";
import type { Datasource, DatasourceFilters, DatasourceRow, DatasourceStore, FileChange, SealedKeys } from "./store.ts";
import { toAttributes } from "./wire.ts";

export type DatasourceService = {
  list(query: ListQuery, filters: DatasourceFilters): Promise<Page<Datasource>>;
  /** All that match, without pages. */
  all(filters: DatasourceFilters): Promise<Datasource[]>;
  get(id: number): Promise<Datasource>;
  create(actor: Actor, draft: DatasourceDraft): Promise<Datasource>;
  update(actor: Actor, id: number, patch: DatasourcePatch): Promise<Datasource>;
  delete(actor: Actor, id: number): Promise<void>;
  /** A copy with keys and tags but without files, in the global namespace and inactive until somebody has looked at it. */
  clone(actor: Actor, id: number): Promise<Datasource>;
  changeFiles(actor: Actor, id: number, change: FileChange): Promise<Datasource>;
  dependents(id: number): ReturnType<DatasourceStore["dependents"]>;
};

const secretFields = ["db_conn_api_key", "embed_api_key"] as const;

export function createDatasourceService({
  db,
  store,
  hooks,
  secretValues,
}: {
  db: Db;
  store: DatasourceStore;
  hooks: ObjectHooks;
  secretValues: Pick<SecretValues, "keep">;
}): DatasourceService {
  const judge = hooks.judge(hookableDatasource);

  async function get(id: number): Promise<Datasource> {
    const source = await store.find(id);
    if (!source) throw notFound("Datasource");
    return source;
  }

  /** The row of a draft, with its tags, which are created where they do not exist. */
  async function rowOf(
    tx: Tx,
    actor: Actor,
    draft: DatasourceDraft,
    { owner, keys = {}, metadata }: { owner: number | null; keys?: Partial<SealedKeys>; metadata: Record<string, unknown> },
  ): Promise<DatasourceRow> {
    const { db_conn_api_key, embed_api_key, tags, user_id, ...row } = draft;
    const { ids: tagIds, created } = await store.tagsNamed(tx, tags);
    for (const tag of created)
      await record(tx, {
        kind: "tag",
        action: "created",
        id: tag.id,
        actor,
        object: { id: tag.id, ...toTagAttributes(tag) },
        changes: { name: tag.name },
      });
    return {
      ...row,
      tagIds,
      userId: user_id === undefined ? owner : user_id || null,
      dbConnApiKeySealed: keys.dbConnApiKeySealed ?? (await secretValues.keep(tx, actor, "db_conn_api_key", db_conn_api_key)),
      embedApiKeySealed: keys.embedApiKeySealed ?? (await secretValues.keep(tx, actor, "embed_api_key", embed_api_key)),
      metadata,
    };
  }

  async function create(actor: Actor, sent: DatasourceDraft, keys?: SealedKeys): Promise<Datasource> {
    checkConnections(sent);
    const accepted = await judge.create(actor, sent);
    return db.transaction(async (tx) => {
      const row = await rowOf(tx, actor, accepted.draft, {
        owner: actor.userId || null,
        ...(keys ? { keys } : {}),
        metadata: accepted.metadata,
      });
      const source = await store.insert(tx, row);
      await record(tx, accepted.created(source));
      return source;
    });
  }

  async function update(actor: Actor, id: number, patch: DatasourcePatch): Promise<Datasource> {
    const current = await get(id);
    const before = pickFields(DatasourceFields, toAttributes(current));
    const changes = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
    const draft = DatasourceDraft.safeParse({ ...before, ...changes });
    // What was stored under older rules must be put right with the change.
    if (!draft.success) throw inputError(draft.error, "body");
    checkConnections(draft.data);
    const accepted = await judge.update(actor, current, draft.data);
    return db.transaction(async (tx) => {
      const locked = await store.lock(tx, id);
      if (!locked) throw notFound("Datasource");
      if (locked.updatedAt.getTime() !== current.updatedAt.getTime()) throw new StaleRead();
      const metadata = { ...current.metadata, ...accepted.metadata };
      const source = await store.update(tx, id, await rowOf(tx, actor, accepted.draft, { owner: current.userId, metadata }));
      const keys = secretFields.filter((field) => changes[field] !== undefined && changes[field] !== redacted);
      const named = Object.fromEntries(Object.entries(changes).filter(([field]) => !(secretFields as readonly string[]).includes(field)));
      await record(tx, accepted.updated(source, { ...named, ...Object.fromEntries(keys.map((field) => [field, redacted])) }));
      return source;
    });
  }

  return {
    list: store.list,
    all: (filters) => allPages((list) => store.list(list, filters)),
    get,
    create: (actor, draft) => create(actor, draft),
    update: (actor, id, patch) => fromFreshRead(() => update(actor, id, patch)),

    async delete(actor, id) {
      const source = await get(id);
      const accepted = await judge.remove(actor, source);
      await db.transaction(async (tx) => {
        if ((await store.delete(tx, id)) === 0) throw notFound("Datasource");
        await record(tx, accepted.deleted({ name: source.name }));
      });
    },

    async clone(actor, id) {
      const source = await get(id);
      const keys = await store.sealedKeys(id);
      if (!keys) throw notFound("Datasource");
      const draft = DatasourceDraft.parse({
        ...pickFields(DatasourceFields, toAttributes(source)),
        name: await copyName(source.name, (beginning) => store.namesLike(beginning, "")),
        namespace: "",
        active: false,
      });
      return create(actor, draft, keys);
    },

    changeFiles: (actor, id, change) =>
      fromFreshRead(async () => {
        const current = await get(id);
        return db.transaction(async (tx) => {
          const locked = await store.lock(tx, id);
          if (!locked) throw notFound("Datasource");
          if (locked.updatedAt.getTime() !== current.updatedAt.getTime()) throw new StaleRead();
          const source = await store.changeFiles(tx, id, change);
          await record(tx, judge.unjudged(actor, current, source, { files: change }));
          return source;
        });
      }),

    async dependents(id) {
      await get(id);
      return store.dependents(id);
    },
  };
}
