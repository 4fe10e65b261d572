import type { App, RoutingTable } from "./routing-table.ts";

/** The table that requests read, and the credentials refused ahead of the snapshot that no longer holds them. */
export type ConfigStore = {
  /** The table now; a request keeps the one it started with. undefined before the first snapshot. */
  read(): RoutingTable | undefined;
  /** Makes a newer table current; an older one is ignored. @returns whether it is current now. */
  swap(next: RoutingTable): boolean;
  /** Refuses these credentials from now on, until a snapshot without them has arrived. */
  revoke(hashes: readonly string[]): void;
  isRevoked(hash: string): boolean;
  revoked(): string[];
  appOf(table: RoutingTable, hash: string): App | undefined;
};

export function createConfigStore(): ConfigStore {
  let current: RoutingTable | undefined;
  const revoked = new Set<string>();
  return {
    read: () => current,
    swap(next) {
      if (current && next.version < current.version) return false;
      current = next;
      for (const hash of revoked) if (!next.appsByCredential.has(hash)) revoked.delete(hash);
      return true;
    },
    revoke(hashes) {
      for (const hash of hashes) revoked.add(hash);
    },
    isRevoked: (hash) => revoked.size > 0 && revoked.has(hash),
    revoked: () => [...revoked],
    appOf(table, hash) {
      return revoked.size > 0 && revoked.has(hash) ? undefined : table.appsByCredential.get(hash);
    },
  };
}
