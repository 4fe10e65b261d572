import { type HookType, type ObjectHookType, type ObjectType, PluginManifest, type ServiceScope } from "@portico/protocol";
import type { ObjectHook } from "./object-hooks.ts";

/** How an element of the plugin is mounted in a page. */
export type ManifestMount =
  | {
      kind: "webc";
      /** Name of the custom element, e.g. `acme-report`. */
      tag: string;
      /** Path of its script below the plugin's assets, e.g. `/ui/report.js`. */
      entry: string;
      /** Set as attributes: `apiBase` becomes `data-api-base`; anything but a string is written as JSON. */
      props?: Record<string, unknown>;
    }
  | { kind: "iframe" /** Path of the page below the plugin's assets. */; app: string };

/** A page (`route`) or a part of one (`component`). */
export type ManifestItem =
  | { type: "route" /** Address of the page, e.g. `/admin/report`. */; path: string; title?: string; mount: ManifestMount }
  | { type: "component"; title?: string; mount: ManifestMount };

/** A place in the dashboard or the portal that the plugin fills. */
export type ManifestSlot = { slot: string; label?: string; icon?: string; items: ManifestItem[] };

/** A task that the host runs on a schedule. */
export type ManifestSchedule = {
  id: string;
  name: string;
  /** Five cron fields or a descriptor such as `@daily`. */
  cron: string;
  /** IANA name; default UTC. */
  timezone?: string;
  enabled?: boolean;
  /** Default 60. */
  timeout_seconds?: number;
  config?: Record<string, unknown>;
};

/** What the plugin is and what it asks for. Everything that follows from the definition may be left out. */
export type Manifest = {
  /** Reverse-DNS identifier, e.g. `com.acme.audit`. */
  id: string;
  version: string;
  name: string;
  description?: string;
  /** Default: the hooks of the handlers that the definition has, and of the pages below. */
  capabilities?: { hooks?: HookType[]; primary_hook?: HookType };
  permissions?: {
    /** Scopes of the service API, e.g. `kv.readwrite`. */
    services?: ServiceScope[];
    /** e.g. `llm.before_create`. Default: those that the definition registers. */
    object_hooks?: `${ObjectType}.${ObjectHookType}`[];
    /** Methods that the plugin's pages may call. Default: those of `rpc` and `portalRpc`. */
    rpc?: string[];
    /** Topics beside the plugin's own (`plugin.<id>.*`) that it publishes on or subscribes to; `cache.*` is everything below `cache.`. */
    events?: { publish?: string[]; subscribe?: string[] };
  };
  ui?: { slots: ManifestSlot[] };
  portal?: { slots: (ManifestSlot & { /** Names of the groups that see it; empty or absent: everyone. */ groups?: string[] })[] };
  schedules?: ManifestSchedule[];
};

/** A manifest read from a file: `import manifest from "./manifest.json" with { type: "json" }`. Checked when the plugin is defined. */
export type ManifestJson = { id: string; version: string; name: string; [key: string]: unknown };

/** Checks a manifest at compile time. Export the result or hand it to `definePlugin`. */
export const defineManifest = <const M extends Manifest>(manifest: M): M => manifest;

/** What of a definition a manifest follows from. */
export type ManifestSource = {
  /** Hooks that the definition's handlers need. */
  hooks: readonly HookType[];
  objectHooks: readonly Pick<ObjectHook<never>, "objectType" | "hookTypes">[];
  rpcMethods: readonly string[];
};

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
const listOf = (value: unknown): string[] | undefined => (Array.isArray(value) ? value.map(String) : undefined);
const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
const hasSlots = (area: unknown): boolean => (listOf(objectOf(area).slots)?.length ?? 0) > 0;

/** A list that the author wrote must cover what the definition has; without one the definition's is used. */
function covering(field: string, written: unknown, has: readonly string[], what: string): string[] | undefined {
  const listed = listOf(written);
  if (!listed) return has.length > 0 ? unique(has) : undefined;
  const missing = has.find((one) => !listed.includes(one));
  if (missing !== undefined)
    throw new Error(`The plugin has ${what} "${missing}", which its manifest's ${field} does not list: it would never be called.`);
  return listed;
}

/**
 * The manifest as hosts read it: what was left out is filled in from the definition, and what was written must cover it.
 * @throws Error that names the field.
 */
export function completeManifest(manifest: Manifest | ManifestJson, { hooks, objectHooks, rpcMethods }: ManifestSource): PluginManifest {
  const { capabilities, permissions, ui, portal } = manifest as Record<string, unknown>;
  const ofPages: HookType[] = [...(hasSlots(ui) ? (["studio_ui"] as const) : []), ...(hasSlots(portal) ? (["portal_ui"] as const) : [])];
  const written = objectOf(capabilities);
  const registered = objectHooks.flatMap(({ objectType, hookTypes }) => hookTypes.map((hookType) => `${objectType}.${hookType}`));
  const asked = objectOf(permissions);
  const object_hooks = covering("permissions.object_hooks", asked.object_hooks, registered, "an object hook");
  const listedRpc = listOf(asked.rpc);
  const rpc = covering("permissions.rpc", asked.rpc, listedRpc?.includes("call") ? [] : rpcMethods, "a method");
  const complete = {
    ...manifest,
    capabilities: {
      ...written,
      hooks: covering("capabilities.hooks", written.hooks, hooks, "a handler for") ?? ofPages,
    },
    permissions: { ...asked, ...(object_hooks ? { object_hooks } : {}), ...(rpc ? { rpc } : {}) },
  };
  if (written.hooks === undefined) complete.capabilities.hooks = unique([...complete.capabilities.hooks, ...ofPages]);
  const parsed = PluginManifest.safeParse(complete);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".") || "manifest"}: ${message}`);
  throw new Error(`The manifest is not valid: ${faults.join("; ")}`);
}
