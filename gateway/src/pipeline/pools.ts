import type { Outbound } from "@portico/outbound";
import { Pool } from "undici";
import type { RoutingTable } from "../config/routing-table.ts";
import type { Limits } from "../settings.ts";

/** Connections to upstreams, kept open, one pool per origin. */
export type Pools = {
  of(origin: string): Pool;
  /** Lets go of origins that no LLM uses any more, once their requests have ended. */
  prune(table: RoutingTable): void;
  close(): Promise<void>;
};

/** Origins named by plugins come and go; only so many are kept besides those of LLMs. */
const maxPools = 256;

export function createPools(
  limits: Pick<Limits, "connectTimeoutMs" | "firstByteTimeoutMs" | "idleTimeoutMs">,
  { connector }: Pick<Outbound, "connector">,
): Pools {
  const pools = new Map<string, Pool>();
  const drop = (origin: string) => {
    const pool = pools.get(origin);
    pools.delete(origin);
    pool?.close().catch(() => undefined);
  };
  return {
    of(origin) {
      let pool = pools.get(origin);
      if (!pool) {
        if (pools.size >= maxPools) drop(pools.keys().next().value as string);
        pool = new Pool(origin, {
          connections: 4_096,
          pipelining: 1,
          allowH2: false,
          keepAliveTimeout: 30_000,
          keepAliveMaxTimeout: 300_000,
          headersTimeout: limits.firstByteTimeoutMs,
          bodyTimeout: limits.idleTimeoutMs,
          connect: connector("llm", { timeout: limits.connectTimeoutMs, allowH2: false }),
        });
        pools.set(origin, pool);
      }
      return pool;
    },
    prune(table) {
      const used = new Set([...table.llmsById.values()].map((llm) => llm.origin));
      for (const origin of [...pools.keys()]) if (!used.has(origin)) drop(origin);
    },
    async close() {
      await Promise.allSettled([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}
