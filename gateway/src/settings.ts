import { isLoopbackHost, namespaceOf } from "@portico/core";
import type { LogLevel } from "@portico/core/logger";
import { watchdogSeconds } from "@portico/core/watchdog";
import { createOutbound, type Outbound } from "@portico/outbound";
import type { HubTrust } from "./config/hub-tls.ts";

/** Sizes and times that bound what one request may cost. Milliseconds and bytes. */
export type Limits = {
  requestBytes: number;
  /** Largest message a plugin may be sent: gRPC in Go refuses more than 4 MiB; the slack is for headers and framing. */
  pluginBytes: number;
  headerBytes: number;
  headersTimeoutMs: number;
  requestTimeoutMs: number;
  connectTimeoutMs: number;
  firstByteTimeoutMs: number;
  /** Longest silence in the middle of an upstream's answer. */
  idleTimeoutMs: number;
  /** Longest time that a session over a WebSocket may last. */
  sessionMs: number;
  pluginTimeoutMs: number;
  /** Largest body of a request to an endpoint that a plugin serves, and how long the plugin may take: whole, and for a stream. */
  endpointBytes: number;
  endpointTimeoutMs: number;
  endpointStreamTimeoutMs: number;
  /** How long a request waits for a plugin that is just starting. */
  pluginStartWaitMs: number;
  drainMs: number;
  /** Usage records kept on disk while the hub does not take them; the oldest go first. */
  journalRecords: number;
  journalFlushMs: number;
};

export const defaultLimits: Limits = {
  requestBytes: 32 * 1024 * 1024,
  pluginBytes: 4 * 1024 * 1024 - 128 * 1024,
  headerBytes: 32 * 1024,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 120_000,
  connectTimeoutMs: 10_000,
  firstByteTimeoutMs: 300_000,
  idleTimeoutMs: 300_000,
  sessionMs: 2 * 60 * 60_000,
  pluginTimeoutMs: 30_000,
  endpointBytes: 1024 * 1024,
  endpointTimeoutMs: 60_000,
  endpointStreamTimeoutMs: 300_000,
  pluginStartWaitMs: 5_000,
  drainMs: 10_000,
  journalRecords: 500_000,
  journalFlushMs: 200,
};

export type Settings = {
  port: number;
  host: string;
  /** The gateway's own folder; created 0700. */
  dataDir: string;
  /** host:port of the hub. */
  hub: string;
  /** How the hub is verified; undefined is plain text, which hubs accept from the same machine only. */
  hubTrust?: HubTrust | undefined;
  edgeId: string;
  edgeNamespace: string;
  edgeToken: string;
  /** Folders plugin executables may live in; undefined allows any absolute path. */
  pluginDirs?: string[] | undefined;
  /** Where upstreams may not be. */
  outbound?: Outbound | undefined;
  /** Plugins are under development: their programs may change without a new approval. */
  pluginDev?: boolean;
  /** Whether plugins must be, may be or are not isolated from the host and each other; `auto` unless given. */
  pluginIsolation?: PluginIsolation | undefined;
  /** Names of variables that plugins inherit besides the usual ones. */
  pluginEnvironment?: string[] | undefined;
  /** Origins whose pages may call from a browser; "*" stands for all, none unless given. */
  corsOrigins?: string[] | undefined;
  limits: Limits;
};

/** What concerns the process as a whole. */
export type ProcessSettings = { logLevel: LogLevel; watchdogSeconds: number };

const isolations = ["auto", "required", "off"] as const;
export type PluginIsolation = (typeof isolations)[number];

const logLevels = ["debug", "info", "warn", "error"] as const satisfies readonly LogLevel[];

/**
 * Reads the settings from the environment, the only place that does.
 * @throws Error whose message names the variable and says what would be right.
 */
export function readSettings(env: NodeJS.ProcessEnv): Settings & ProcessSettings {
  const port = Number(env.GATEWAY_PORT || 8080);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error("GATEWAY_PORT must be a number from 0 to 65535.");
  const edgeToken = env.PORTICO_EDGE_TOKEN ?? "";
  if (!edgeToken) throw new Error("PORTICO_EDGE_TOKEN is required: it is the token the control plane made for this edge.");
  const edgeId = env.PORTICO_EDGE_ID || "local";
  if (!/^[A-Za-z0-9][A-Za-z0-9-_.]{0,62}[A-Za-z0-9]$/.test(edgeId)) {
    throw new Error("PORTICO_EDGE_ID must be 2 to 64 characters of A-Z a-z 0-9 - _ . and begin and end with a letter or digit.");
  }
  const hub = env.PORTICO_HUB || "127.0.0.1:50051";
  if (!/^[^/\s]+:\d{1,5}$/.test(hub)) throw new Error("PORTICO_HUB must be host:port of the control plane's gRPC port.");
  const level = env.LOG_LEVEL || "info";
  const logLevel = logLevels.find((known) => known === level);
  if (!logLevel) throw new Error(`LOG_LEVEL must be one of ${logLevels.join(", ")}.`);
  const outbound = createOutbound({
    proxies: env,
    allow: env.PORTICO_OUTBOUND_ALLOW,
    deny: env.PORTICO_OUTBOUND_DENY,
    own: [{ host: "", port }, readHostPort(hub), ...readOwnPorts(env.PORTICO_OWN_PORTS)],
  });
  const host = env.HOST || "127.0.0.1";
  const pluginDev = env.PORTICO_PLUGIN_DEV === "1";
  if (pluginDev && !isLoopbackHost(host)) throw new Error("PORTICO_PLUGIN_DEV=1 is for this machine only: HOST must be 127.0.0.1.");
  const asked = env.PORTICO_PLUGIN_ISOLATION || "auto";
  const pluginIsolation = isolations.find((known) => known === asked);
  if (!pluginIsolation) throw new Error(`PORTICO_PLUGIN_ISOLATION must be one of ${isolations.join(", ")}.`);
  return {
    port,
    host,
    dataDir: `${env.PORTICO_DATA_DIR || ".data"}/gateway`,
    hub,
    hubTrust: readTrust(env, hub),
    edgeId,
    edgeNamespace: namespaceOf(env.PORTICO_EDGE_NAMESPACE ?? ""),
    edgeToken,
    pluginDirs: env.PORTICO_PLUGIN_DIRS ? env.PORTICO_PLUGIN_DIRS.split(":").filter(Boolean) : undefined,
    outbound,
    pluginDev,
    pluginIsolation,
    pluginEnvironment: (env.PORTICO_PLUGIN_ENV ?? "")
      .split(",")
      .map((name) => name.trim())
      .filter(Boolean),
    corsOrigins: readOrigins(env.GATEWAY_CORS_ORIGINS),
    limits: {
      ...defaultLimits,
      requestBytes: readRequestBytes(env.GATEWAY_MAX_REQUEST_MIB),
      endpointBytes: readEndpointBytes(env.PLUGIN_ENDPOINT_MAX_BODY_SIZE),
      endpointStreamTimeoutMs: readDuration("PLUGIN_ENDPOINT_STREAM_TIMEOUT", env, defaultLimits.endpointStreamTimeoutMs),
    },
    logLevel,
    watchdogSeconds: watchdogSeconds(env.PORTICO_WATCHDOG_SECONDS),
  };
}

function readOrigins(text = ""): string[] {
  const origins = text
    .split(",")
    .map((origin) => origin.trim())
    .filter(Boolean);
  for (const origin of origins) {
    if (origin === "*" || (URL.canParse(origin) && new URL(origin).origin === origin)) continue;
    throw new Error("GATEWAY_CORS_ORIGINS must be origins like https://chat.example.com, separated by commas, or * for all.");
  }
  return origins;
}

const mebibyte = 1024 * 1024;
const mostRequestMib = 1_024;

function readRequestBytes(text: string | undefined): number {
  if (!text) return defaultLimits.requestBytes;
  const mib = Number(text);
  if (Number.isInteger(mib) && mib >= 1 && mib <= mostRequestMib) return mib * mebibyte;
  throw new Error(`GATEWAY_MAX_REQUEST_MIB must be a whole number from 1 to ${mostRequestMib}.`);
}

function readEndpointBytes(text: string | undefined): number {
  if (!text) return defaultLimits.endpointBytes;
  const bytes = Number(text);
  if (Number.isInteger(bytes) && bytes >= 1 && bytes <= defaultLimits.pluginBytes) return bytes;
  throw new Error(`PLUGIN_ENDPOINT_MAX_BODY_SIZE must be a whole number of bytes from 1 to ${defaultLimits.pluginBytes}.`);
}

const unitMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const longestDurationMs = 24 * 3_600_000;

/** A time like 90s, 5m or 1h30m. */
function readDuration(name: string, env: NodeJS.ProcessEnv, otherwiseMs: number): number {
  const text = env[name];
  if (!text) return otherwiseMs;
  const parts = [...text.matchAll(/(\d+)(ms|s|m|h)/g)];
  const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ""] ?? 0), 0);
  if (parts.map(([part]) => part).join("") === text && ms >= 1_000 && ms <= longestDurationMs) return ms;
  throw new Error(`${name} must be a time from 1s to 24h, like 90s, 5m or 1h30m.`);
}

function readTrust(env: NodeJS.ProcessEnv, hub: string): HubTrust | undefined {
  const fingerprint = env.PORTICO_HUB_CA_SHA256;
  if (fingerprint) {
    const sha256 = fingerprint.replaceAll(":", "").toLowerCase();
    if (!/^[0-9a-f]{64}$/.test(sha256))
      throw new Error("PORTICO_HUB_CA_SHA256 must be the 64 hexadecimal digits that the edge's page in the dashboard shows.");
    return { kind: "fingerprint", sha256 };
  }
  if (env.PORTICO_HUB_CA_FILE) return { kind: "file", path: env.PORTICO_HUB_CA_FILE };
  return isLoopback(hub) ? undefined : { kind: "system" };
}

/** Whether the hub is on this machine, so that plain text never leaves it. */
const isLoopback = (hub: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[::1\]):\d+$/.test(hub);

function readHostPort(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(":");
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) };
}

/** Ports of this machine where the rest of the installation listens. */
function readOwnPorts(text = ""): { host: string; port: number }[] {
  const ports = text.split(",").filter(Boolean).map(Number);
  if (ports.some((port) => !Number.isInteger(port) || port < 1 || port > 65_535))
    throw new Error("PORTICO_OWN_PORTS must be port numbers, separated by commas.");
  return ports.map((port) => ({ host: "", port }));
}
