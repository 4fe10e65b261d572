import { AppError, invalid, notFound } from "@portico/core";
import type { Actor } from "../auth/actor.ts";
import type { Db, Tx } from "../db/client.ts";
import { record } from "../db/journal.ts";
import type { ListQuery, Page } from "../db/paging.ts";
import { redacted } from "../fields/contract.ts";
import { referenceIn } from "./contract/reference-text.ts";
import type { SecretDraft, SecretPatch } from "./contract.ts";
import type { Secret, SecretStore, SecretUser } from "./store.ts";
import type { Vault } from "./vault.ts";
import { toAttributes } from "./wire.ts";

export type SecretService = {
  list(query: ListQuery, filters: { is_used?: boolean | undefined }): Promise<Page<Secret>>;
  get(id: number): Promise<Secret>;
  create(actor: Actor, draft: SecretDraft): Promise<Secret>;
  update(actor: Actor, id: number, patch: SecretPatch): Promise<Secret>;
  /** @throws AppError in_use naming what refers to it. */
  delete(actor: Actor, id: number): Promise<void>;
  users(id: number): Promise<{ first: SecretUser[]; total: number }>;
};

const maxNamed = 3;

export function createSecretService({ db, store, vault }: { db: Db; store: SecretStore; vault: Vault }): SecretService {
  async function get(id: number): Promise<Secret> {
    const secret = await store.find(id);
    if (!secret) throw notFound("Secret");
    return secret;
  }

  async function checkUnused(tx: Tx, name: string, what: string, issueField?: string): Promise<void> {
    const { first, total } = await store.users(name, tx);
    if (total === 0) return;
    const named = first.slice(0, maxNamed).map(({ name: user, type, field }) => `"${user}" (${type}, ${field})`);
    const others = total - named.length;
    const message = `The secret ${name} cannot be ${what} while it is used by ${named.join(", ")}${others > 0 ? ` and ${others} more` : ""}.`;
    throw new AppError({ code: "in_use", message, issues: issueField ? [{ field: issueField, message }] : [] });
  }

  /** @returns undefined for what keeps the stored value. */
  function newValue(value: string | undefined, names: readonly (string | undefined)[]): string | undefined {
    if (value === undefined || value === "" || value === redacted) return undefined;
    const reference = referenceIn(value);
    if (!reference) return value;
    if (names.includes(reference.name)) return undefined;
    throw invalid("value", "must be the value itself, not a reference to another secret");
  }

  return {
    list: store.list,
    get,

    create: (actor, { var_name: name, value, description }) =>
      db.transaction(async (tx) => {
        const sealed = value === "" ? null : vault.seal(value);
        const id = await store.insert(tx, { name, description, sealed, rotatedAt: null });
        const secret = await store.read(tx, id);
        const changes = { var_name: name, description, ...(value === "" ? {} : { value: redacted }) };
        await record(tx, { kind: "secret", action: "created", id, actor, object: { id, ...toAttributes(secret) }, changes });
        return secret;
      }),

    update: (actor, id, { var_name: name, value: sent, description }) =>
      db.transaction(async (tx) => {
        const before = await store.lock(tx, id);
        if (!before) throw notFound("Secret");
        const isRenamed = name !== undefined && name !== before.name;
        if (isRenamed) await checkUnused(tx, before.name, "renamed", "var_name");
        const value = newValue(sent, [before.name, name]);
        const replaced =
          value === undefined ? {} : { sealed: vault.seal(value), ...(before.sealed === null ? {} : { rotatedAt: new Date() }) };
        await store.update(tx, id, { ...(isRenamed ? { name } : {}), ...(description === undefined ? {} : { description }), ...replaced });
        const secret = await store.read(tx, id);
        const changes = { var_name: name, description, ...(value === undefined ? {} : { value: redacted }) };
        await record(tx, { kind: "secret", action: "updated", id, actor, object: { id, ...toAttributes(secret) }, changes });
        return secret;
      }),

    delete: (actor, id) =>
      db.transaction(async (tx) => {
        const before = await store.lock(tx, id);
        if (!before) throw notFound("Secret");
        await checkUnused(tx, before.name, "deleted");
        await store.delete(tx, id);
        await record(tx, { kind: "secret", action: "deleted", id, actor, changes: { var_name: before.name } });
      }),

    async users(id) {
      const { name } = await get(id);
      return store.users(name);
    },
  };
}
