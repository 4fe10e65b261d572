import type { App, Llm, RoutingTable } from "./routing-table.ts";

/** The table that requests read, and the credentials refused ahead of the snapshot that no longer holds them. */
export type ConfigStore = {
  /** The table now; a request keeps the one it started with. undefined before the first snapshot. */
  read(): RoutingTable | undefined;
  /**
   * Makes a newer table current; an older one is ignored. Of the credentials revoked before only `stillRevoked` stay refused.
   * @returns whether it is current now.
   */
  swap(next: RoutingTable, stillRevoked: readonly string[]): boolean;
  /** Refuses these credentials from now on, until a snapshot says otherwise. */
  revoke(hashes: readonly string[]): void;
  isRevoked(hash: string): boolean;
  revoked(): string[];
  /** Whether the LLM of a request's table may be called now. */
  serves(table: RoutingTable, llm: Llm): boolean;
  /** The app of a credential that is admitted now, as the request's table has it. */
  appOf(table: RoutingTable, hash: string): App | undefined;
};

export function createConfigStore(): ConfigStore {
  let current: RoutingTable | undefined;
  let revoked = new Set<string>();
  return {
    read: () => current,
    swap(next, stillRevoked) {
      if (current && next.version < current.version) return false;
      current = next;
      revoked = new Set(stillRevoked);
      return true;
    },
    revoke(hashes) {
      for (const hash of hashes) revoked.add(hash);
    },
    isRevoked: (hash) => revoked.size > 0 && revoked.has(hash),
    revoked: () => [...revoked],
    serves(table, llm) {
      if (revoked.size > 0 && revoked.has(llm.revokedAs)) return false;
      return current === table || current === undefined || current.llmsById.has(llm.id);
    },
    appOf(table, hash) {
      if (revoked.size > 0 && revoked.has(hash)) return undefined;
      // A request that has waited holds a table from before: it must not be admitted by what was revoked and left out meanwhile.
      if (current && current !== table && !current.appsByCredential.has(hash)) return undefined;
      return table.appsByCredential.get(hash);
    },
  };
}
