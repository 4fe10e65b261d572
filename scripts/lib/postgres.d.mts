import type { Child, Children } from "./children.mjs";
import type { PostgresPlace } from "./postgres-place.mjs";

export type ClusterServer = { child: Child; port: number; url(database: string): string };

export function ensureCluster(options: { children: Children; place: PostgresPlace; onCreate?(): void; sync?: boolean }): Promise<void>;
export function startCluster(options: {
  children: Children;
  place: PostgresPlace;
  onLine?(line: string, stream: "stdout" | "stderr"): void;
  report?(sentence: string): void;
  throwAway?: boolean;
  readyTimeoutMs?: number;
}): Promise<ClusterServer>;
export function ensureDatabase(server: ClusterServer, name: string): Promise<void>;
export function freePort(): Promise<number>;
