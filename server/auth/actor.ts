import type { ObjectKind } from "@portico/protocol/kinds";
import type { ObjectVersion } from "../db/versions.ts";

/** What a caller showed: a browser's session or an API token. */
export type Credential = { kind: "session" | "token"; id: number; expiresAt: Date | null };

/** The state in which a caller last saw an object: a write over another state is refused, in the transaction that writes (db/journal.ts). */
export type Expectation = { kind: ObjectKind; id: string; isMetBy(version: ObjectVersion): boolean };

/** Who does something: every service takes one, every audit entry names one. */
export type Actor = {
  /** 0 for the system itself. */
  userId: number;
  name: string;
  email: string;
  isAdmin: boolean;
  /** How the caller is known. */
  via: "session" | "token" | "plugin" | "system";
  /** The plugin that acts: it is not asked about its own writes. */
  pluginId?: number;
  /** Absent for plugins and the system. */
  credential?: Credential;
  requestId: string;
  ip: string;
  /** Only of a request that has one: what it writes is written once (db/claims.ts). */
  idempotencyKey?: string;
  /** Only of a request that is conditional (`If-Match`). */
  expects?: Expectation;
};

/** The product acting by itself (start-up, jobs). */
export const systemActor = (requestId = "system"): Actor => ({
  userId: 0,
  name: "system",
  email: "",
  isAdmin: true,
  via: "system",
  requestId,
  ip: "",
});

/** A plugin that calls the service API. */
export const pluginActor = (plugin: { id: number; name: string }, callId: string): Actor => ({
  userId: 0,
  name: `plugin ${plugin.name}`,
  email: "",
  isAdmin: false,
  via: "plugin",
  pluginId: plugin.id,
  requestId: `plugin:${plugin.id}:${callId}`,
  ip: "",
});
