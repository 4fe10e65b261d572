import { randomUUID } from "node:crypto";
import { notFound } from "@portico/core";
import { hashToken, newToken } from "@portico/core/tokens";
import type { Actor } from "../auth/actor.ts";
import type { Db, Tx } from "../db/client.ts";
import { type Change, record, recordAll } from "../db/journal.ts";
import type { ListQuery } from "../db/paging.ts";
import type { Credential, CredentialFilters, CredentialStore } from "./store.ts";
import { toEventObject } from "./wire.ts";

export type IssuedCredential = Credential & { secret: string };

/**
 * Credentials that apps call the gateway with. Only the hash of a secret is stored. Deactivating and deleting are both the event
 * `system.credential.revoked`, which edges obey before anything else.
 */
export function createCredentialService({ db, store }: { db: Db; store: CredentialStore }) {
  async function get(id: number): Promise<Credential> {
    const credential = await store.find(id);
    if (!credential) throw notFound("Credential");
    return credential;
  }

  const changeOf = (actor: Actor, credential: Credential, action: Change["action"], active: boolean): Change => ({
    kind: "credential",
    action,
    id: credential.id,
    actor,
    object: toEventObject(credential, active),
    changes: { active, app_id: credential.appId },
  });

  /** Switches those that are not so already. */
  async function setAll(tx: Tx, actor: Actor, credentials: Credential[], active: boolean): Promise<void> {
    const changed = credentials.filter((credential) => credential.active !== active);
    await store.setActive(
      tx,
      changed.map(({ id }) => id),
      active,
    );
    await recordAll(
      tx,
      changed.map((credential) => changeOf(actor, credential, active ? "updated" : "revoked", active)),
    );
  }

  async function setActive(actor: Actor, id: number, active: boolean): Promise<Credential> {
    const { appId } = await get(id);
    await db.transaction(async (tx) => {
      const credential = (await store.lockAll(tx, { appId })).find((each) => each.id === id);
      if (!credential) throw notFound("Credential");
      await setAll(tx, actor, [credential], active);
    });
    return get(id);
  }

  return {
    list: (query: ListQuery, filters: CredentialFilters) => store.list(query, filters),
    get,
    setAll,
    setActive,
    lockAll: store.lockAll,

    async getByKeyId(keyId: string): Promise<Credential> {
      const credential = await store.findByKeyId(keyId);
      if (!credential) throw notFound("Credential");
      return credential;
    },

    /** The secret is in this answer only. */
    async issue(tx: Tx, actor: Actor, appId: number, active: boolean): Promise<IssuedCredential> {
      const secret = newToken("pk");
      const credential = await store.insert(tx, {
        appId,
        keyId: randomUUID(),
        secretHash: hashToken(secret),
        hint: secret.slice(-4),
        active,
      });
      await record(tx, changeOf(actor, credential, "created", active));
      return { ...credential, secret };
    },

    /** To be called before the rows go, by whoever deletes what they belong to. */
    recordDeletion: (tx: Tx, actor: Actor, credentials: Credential[]) =>
      recordAll(
        tx,
        credentials.map((credential) => changeOf(actor, credential, "revoked", false)),
      ),

    async delete(actor: Actor, id: number): Promise<void> {
      const credential = await get(id);
      await db.transaction(async (tx) => {
        const { count } = await store.delete(tx, id);
        if (count === 0) throw notFound("Credential");
        await record(tx, changeOf(actor, credential, "revoked", false));
      });
    },
  };
}
export type CredentialService = ReturnType<typeof createCredentialService>;
