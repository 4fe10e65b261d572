import type { Actor } from "../auth/actor.ts";
import type { Db } from "../db/client.ts";
import { record } from "../db/journal.ts";
import type { KeyStore } from "./key-store.ts";
import type { Vault } from "./vault.ts";

/** With which keys the installation's secrets are sealed: the current one, former ones that are known, and keys that are not. */
export type KeyState = { keyId: string; current: number; former: number; unreadable: number };

export type KeyService = {
  state(): Promise<KeyState>;
  /** Seals what former keys have sealed with the current one, for a while. Doing it again goes on. */
  reseal(actor: Actor, signal?: AbortSignal): Promise<KeyState>;
};

/** Values sealed again by one statement. */
const valuesAtOnce = 200;
/** After so long the caller comes again, before its connection is given up by somebody on the way. */
const resealMs = 10_000;

export function createKeyService({ db, store, vault }: { db: Db; store: KeyStore; vault: Vault }): KeyService {
  async function state(): Promise<KeyState> {
    const result = { keyId: vault.keyId, current: 0, former: 0, unreadable: 0 };
    for (const [keyId, count] of await store.countByKey())
      result[keyId === vault.keyId ? "current" : vault.keyIds.includes(keyId) ? "former" : "unreadable"] += count;
    return result;
  }

  return {
    state,
    async reseal(actor, signal) {
      const until = performance.now() + resealMs;
      const isTime = () => performance.now() < until && !signal?.aborted;
      let resealed = 0;
      for (const column of await store.columns()) {
        while (isTime()) {
          const values = await store.sealedOtherwise(column, vault.keyId, vault.keyIds, valuesAtOnce);
          if (values.length === 0) break;
          const pairs = values.map((before) => ({ before, after: vault.seal(vault.open(before)) }));
          await store.replace(column, pairs);
          resealed += pairs.length;
        }
      }
      if (resealed > 0)
        await db.transaction((tx) =>
          record(tx, { kind: "secret", action: "updated", id: "key", actor, changes: { resealed, key_id: vault.keyId } }),
        );
      return state();
    },
  };
}
