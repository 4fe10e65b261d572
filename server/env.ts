import { resolve } from "node:path";
import { isLoopbackHost, messageOf } from "@portico/core";
import { watchdogSeconds } from "@portico/core/watchdog";
import type { OutboundSettings } from "@portico/outbound";
import { z } from "zod";
import type { PoolSettings } from "./db/pool.ts";
import { isAddressOrNetwork } from "./http/proxies.ts";
import type { RetentionDays } from "./retention/retention.ts";
import { secretNamePattern } from "./secrets/contract/reference-text.ts";

const port = (fallback: number) => z.coerce.number().int().min(0).max(65_535).default(fallback);
const flag = (fallback: boolean) =>
  z
    .enum(["0", "1", "true", "false", ""])
    .default(fallback ? "1" : "0")
    .transform((value) => value === "1" || value === "true");
const blankIsAbsent = (value: unknown) => (value === "" ? undefined : value);

/** 0 keeps permanently. */
const days = (fallback: number, least: number) =>
  z.coerce
    .number()
    .int()
    .min(0)
    .max(36_500)
    .default(fallback)
    .refine((value) => value === 0 || value >= least, `must be 0 (never delete) or at least ${least} days`);

const namesIn = (list: string) =>
  list
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);

const Env = z.object({
  NODE_ENV: z.enum(["production", "development", "test"]).default("production"),
  PORT: port(3000),
  CONTROL_PORT: port(50_051),
  HOST: z.string().default("127.0.0.1"),
  DATABASE_URL: z.string("DATABASE_URL is missing: start Portico with `npm start`, or set it to a Postgres URL").min(1),
  /** Connections of this process; the job queue takes up to five of them. */
  PORTICO_DATABASE_CONNECTIONS: z.coerce.number().int().min(6).max(500).default(10),
  PORTICO_DATABASE_TIMEOUT_SECONDS: z.coerce.number().min(0.2).max(300).default(10),
  /** After-hooks are retried from events for about two days. */
  PORTICO_KEEP_EVENTS_DAYS: days(14, 3),
  PORTICO_KEEP_AUDIT_DAYS: days(730, 1),
  /** A budget whose start was moved is summed from the calls of its period. */
  PORTICO_KEEP_USAGE_DAYS: days(90, 35),
  PORTICO_KEEP_STATISTICS_DAYS: days(1_095, 62),
  PORTICO_DATA_DIR: z.string().default(".data"),
  /** Any text; 32 bytes are derived from it. Losing it loses every stored secret. */
  PORTICO_SECRET_KEY: z
    .string("PORTICO_SECRET_KEY is missing: `npm start` generates one in the data folder")
    .min(16, "PORTICO_SECRET_KEY needs at least 16 characters"),
  PORTICO_FORMER_SECRET_KEYS: z.string().default(""),
  PORTICO_TRUSTED_PROXIES: z
    .string()
    .default("")
    .transform((text) => text.split(/[\s,]+/).filter(Boolean))
    .refine(
      (entries) => entries.every(isAddressOrNetwork),
      "must be addresses or networks, separated by commas, e.g. 127.0.0.1,10.0.0.0/8",
    ),
  PORTICO_GATEWAY_URL: z.url().default("http://127.0.0.1:8080"),
  PORTICO_PLUGIN_DIRS: z.preprocess(blankIsAbsent, z.string().optional()),
  /** Addresses, ranges and host names that may be called, or may not, whatever the defaults are. */
  PORTICO_OUTBOUND_ALLOW: z.string().optional(),
  PORTICO_OUTBOUND_DENY: z.string().optional(),
  PORTICO_SECRET_ENV: z.string().default(""),
  PORTICO_PLUGIN_DEV: flag(false),
  PORTICO_PLUGIN_ISOLATION: z.enum(["auto", "required", "off"]).default("auto"),
  PORTICO_PLUGIN_ENV: z.string().default(""),
  PORTICO_HUB_NAMES: z.string().default(""),
  PORTICO_HUB_TLS_CERT: z.preprocess(blankIsAbsent, z.string().optional()),
  PORTICO_HUB_TLS_KEY: z.preprocess(blankIsAbsent, z.string().optional()),
  PORTICO_HUB_MTLS: z.preprocess(blankIsAbsent, z.enum(["off", "required"]).default("off")),
  PORTICO_EDGE_ID: z.string().default("local"),
  PORTICO_EDGE_TOKEN: z.preprocess(blankIsAbsent, z.string().min(16).optional()),
  ADMIN_EMAIL: z.preprocess(blankIsAbsent, z.email().optional()),
  ADMIN_PASSWORD: z.preprocess(blankIsAbsent, z.string().min(8, "ADMIN_PASSWORD needs at least 8 characters").optional()),
  ADMIN_API_TOKEN: z.preprocess(blankIsAbsent, z.string().min(16, "ADMIN_API_TOKEN needs at least 16 characters").optional()),
  PORTICO_WATCHDOG_SECONDS: z
    .string()
    .optional()
    .transform((text, ctx) => {
      try {
        return watchdogSeconds(text);
      } catch (error) {
        ctx.addIssue({ code: "custom", message: messageOf(error).replace(/^PORTICO_WATCHDOG_SECONDS /, "") });
        return z.NEVER;
      }
    }),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
});

/** Settings that nothing but this process may know. */
export const secretNames = [
  "DATABASE_URL",
  "PORTICO_SECRET_KEY",
  "PORTICO_FORMER_SECRET_KEYS",
  "PORTICO_EDGE_TOKEN",
  "ADMIN_PASSWORD",
  "ADMIN_API_TOKEN",
] as const;

export type Env = {
  mode: "production" | "development" | "test";
  port: number;
  controlPort: number;
  host: string;
  databaseUrl: string;
  database: PoolSettings;
  retentionDays: RetentionDays;
  dataDir: string;
  secretKey: string;
  /** Keys that stored values may be sealed with besides the current one. */
  formerSecretKeys: string[];
  /** Whose X-Forwarded-For and X-Forwarded-Proto are believed. */
  trustedProxies: string[];
  gatewayUrl: string;
  /** Folders plugin executables may live in; undefined allows any absolute path. */
  pluginDirs: string[] | undefined;
  /** What may be called from here, and where this installation itself listens. */
  outbound: Pick<OutboundSettings, "allow" | "deny" | "own" | "proxies">;
  /** Environment variables that credential fields may refer to as `$ENV/NAME`, with their values. */
  secretEnvironment: ReadonlyMap<string, string>;
  /** Plugins are under development: their programs may change without a new approval. */
  pluginDev: boolean;
  /** Whether plugins must be, may be or are not isolated from the host and each other. */
  pluginIsolation: "auto" | "required" | "off";
  /** Names of variables that plugins inherit besides the usual ones. */
  pluginEnvironment: string[];
  hub: {
    names: string[];
    certificate: { certFile: string; keyFile: string } | undefined;
    requiresClientCertificate: boolean;
  };
  localEdge: { edgeId: string; token: string } | undefined;
  firstAdmin: { email: string; password: string; apiToken: string | undefined } | undefined;
  /** After how long a blocked event loop ends the process; 0 never. */
  watchdogSeconds: number;
  logLevel: "debug" | "info" | "warn" | "error";
};

/** Reads the environment once. @throws Error naming every variable that is wrong and what would be right. */
export function readEnv(source: NodeJS.ProcessEnv = process.env): Env {
  const parsed = Env.safeParse(source);
  if (!parsed.success) {
    throw new Error(parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("\n"));
  }
  const e = parsed.data;
  if (e.PORTICO_PLUGIN_DEV && !isLoopbackHost(e.HOST))
    throw new Error("PORTICO_PLUGIN_DEV: only works on this machine; set HOST to 127.0.0.1");
  return {
    mode: e.NODE_ENV,
    port: e.PORT,
    controlPort: e.CONTROL_PORT,
    host: e.HOST,
    databaseUrl: e.DATABASE_URL,
    database: { size: e.PORTICO_DATABASE_CONNECTIONS, statementMs: Math.round(e.PORTICO_DATABASE_TIMEOUT_SECONDS * 1000) },
    retentionDays: {
      events: e.PORTICO_KEEP_EVENTS_DAYS,
      audit: e.PORTICO_KEEP_AUDIT_DAYS,
      usage: e.PORTICO_KEEP_USAGE_DAYS,
      statistics: e.PORTICO_KEEP_STATISTICS_DAYS,
    },
    dataDir: resolve(e.PORTICO_DATA_DIR),
    secretKey: e.PORTICO_SECRET_KEY,
    formerSecretKeys: namesIn(e.PORTICO_FORMER_SECRET_KEYS),
    trustedProxies: e.PORTICO_TRUSTED_PROXIES,
    gatewayUrl: e.PORTICO_GATEWAY_URL.replace(/\/+$/, ""),
    pluginDirs: e.PORTICO_PLUGIN_DIRS?.split(":")
      .filter(Boolean)
      .map((dir) => resolve(dir)),
    outbound: {
      proxies: source,
      allow: e.PORTICO_OUTBOUND_ALLOW,
      deny: e.PORTICO_OUTBOUND_DENY,
      own: [
        { host: "", port: e.PORT },
        { host: "", port: e.CONTROL_PORT },
        addressOf(e.PORTICO_GATEWAY_URL, { "http:": 80, "https:": 443 }),
        addressOf(e.DATABASE_URL, { "postgres:": 5432, "postgresql:": 5432 }),
      ].filter(({ port }) => port > 0),
    },
    secretEnvironment: secretEnvironmentOf(e.PORTICO_SECRET_ENV, source),
    pluginDev: e.PORTICO_PLUGIN_DEV,
    pluginIsolation: e.PORTICO_PLUGIN_ISOLATION,
    pluginEnvironment: namesIn(e.PORTICO_PLUGIN_ENV),
    hub: {
      names: e.PORTICO_HUB_NAMES.split(/[\s,]+/).filter(Boolean),
      certificate: certificateOf(e.PORTICO_HUB_TLS_CERT, e.PORTICO_HUB_TLS_KEY),
      requiresClientCertificate: e.PORTICO_HUB_MTLS === "required",
    },
    localEdge: e.PORTICO_EDGE_TOKEN ? { edgeId: e.PORTICO_EDGE_ID, token: e.PORTICO_EDGE_TOKEN } : undefined,
    firstAdmin:
      e.ADMIN_EMAIL && e.ADMIN_PASSWORD
        ? { email: e.ADMIN_EMAIL.toLowerCase(), password: e.ADMIN_PASSWORD, apiToken: e.ADMIN_API_TOKEN }
        : undefined,
    watchdogSeconds: e.PORTICO_WATCHDOG_SECONDS,
    logLevel: e.LOG_LEVEL,
  };
}

/** Portico's own settings are nobody's credential. */
function secretEnvironmentOf(list: string, source: NodeJS.ProcessEnv): ReadonlyMap<string, string> {
  const names = namesIn(list);
  const own = names.find((name) => /^(PORTICO_|ADMIN_)|^DATABASE_URL$/.test(name) || !secretNamePattern.test(name));
  if (own !== undefined)
    throw new Error(`PORTICO_SECRET_ENV: must be names of environment variables other than Portico's own settings, not "${own}"`);
  return new Map(names.flatMap((name) => (source[name] ? [[name, source[name]]] : [])));
}

/** Host and port of a URL; an empty host is this machine. Port 0 when the URL names neither a port nor a known scheme. */
function addressOf(text: string, defaultPorts: Record<string, number>): { host: string; port: number } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return { host: url?.hostname ?? "", port: Number(url?.port) || (defaultPorts[url?.protocol ?? ""] ?? 0) };
}

function certificateOf(certFile: string | undefined, keyFile: string | undefined) {
  if (certFile && keyFile) return { certFile: resolve(certFile), keyFile: resolve(keyFile) };
  if (certFile || keyFile)
    throw new Error("PORTICO_HUB_TLS_CERT and PORTICO_HUB_TLS_KEY are the two files of one certificate: set both or neither");
  return undefined;
}
