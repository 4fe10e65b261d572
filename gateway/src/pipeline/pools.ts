import type { Outbound } from "@portico/outbound";
import { Pool } from "undici";
import type { RoutingTable } from "../config/routing-table.ts";
import type { Limits } from "../settings.ts";

/** Connections to upstreams, kept open, one pool per origin. */
export type Pools = {
  of(origin: string): Pool;
  /** Opens a new connection for each request: for one that met with a connection that had gone stale. */
  freshOf(origin: string): Pool;
  /** Lets go of origins that no LLM uses any more, once their requests have ended. */
  prune(table: RoutingTable): void;
  close(): Promise<void>;
};

/** Origins named by plugins come and go; only so many are kept besides those of LLMs. */
const maxPools = 256;

/** What an answer's headers may have together. */
export const maxUpstreamHeaderBytes = 64 * 1024;

export function createPools(
  limits: Pick<Limits, "connectTimeoutMs" | "firstByteTimeoutMs" | "idleTimeoutMs">,
  { connector }: Pick<Outbound, "connector">,
): Pools {
  const pools = new Map<string, Pool>();
  const freshPools = new Map<string, Pool>();

  function drop(origin: string): void {
    for (const list of [pools, freshPools]) {
      const pool = list.get(origin);
      list.delete(origin);
      pool?.close().catch(() => undefined);
    }
  }

  const open = (origin: string, pipelining: 0 | 1): Pool =>
    new Pool(origin, {
      connections: 4_096,
      pipelining,
      allowH2: false,
      keepAliveTimeout: 30_000,
      keepAliveMaxTimeout: 300_000,
      maxHeaderSize: maxUpstreamHeaderBytes,
      headersTimeout: limits.firstByteTimeoutMs,
      bodyTimeout: limits.idleTimeoutMs,
      connect: connector("llm", { timeout: limits.connectTimeoutMs, allowH2: false }),
    });

  function find(list: Map<string, Pool>, origin: string, pipelining: 0 | 1): Pool {
    let pool = list.get(origin);
    if (!pool) {
      if (list.size >= maxPools) drop(list.keys().next().value as string);
      pool = open(origin, pipelining);
      list.set(origin, pool);
    }
    return pool;
  }

  return {
    of: (origin) => find(pools, origin, 1),
    // Without pipelining undici keeps no connection.
    freshOf: (origin) => find(freshPools, origin, 0),
    prune(table) {
      const used = new Set([...table.llmsById.values()].map((llm) => llm.origin));
      for (const origin of [...pools.keys(), ...freshPools.keys()]) if (!used.has(origin)) drop(origin);
    },
    async close() {
      await Promise.allSettled([...pools.values(), ...freshPools.values()].map((pool) => pool.destroy()));
    },
  };
}
