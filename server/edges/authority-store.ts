import type { Db } from "../db/client.ts";
import { systemSecret, type Vault } from "../secrets/vault.ts";

const name = "hub-ca";

/** Keeps the key and certificate of the control plane's own CA, sealed: every replica has the same. */
export function createAuthorityStore({ db, vault }: { db: Db; vault: Vault }) {
  return {
    /** What is kept; on first use what `make` makes, unless another replica was first. */
    async load(make: () => Promise<string>): Promise<string> {
      const row = await db.prisma.systemSecret.findUnique({ where: { name }, select: { sealed: true } });
      if (row) return vault.open(row.sealed);
      const made = await make();
      return db.transaction((tx) => systemSecret(tx, vault, name, () => made));
    },
  };
}
