import { createHash } from "node:crypto";
import { isObject } from "@portico/core/json";
import { type Capability, grantableUnasked, isApprovedByAttachment, isServiceGrant, requestedCapabilities } from "@portico/protocol";
import { storedManifest } from "./manifest.ts";
import type { Plugin } from "./store.ts";

/*
 * The one place that answers "may this plugin do that?". Everything is denied that is not in the grant table; the service API, object
 * hooks, events, pages, calls of pages and the snapshots of gateways all ask here.
 */

type Granted = Pick<Plugin, "isActive" | "grants">;

export const may = ({ isActive, grants }: Granted, capability: Capability): boolean => isActive && grants.includes(capability);

/** Everything an active plugin may do. */
export const grantsOf = (plugin: Granted | undefined): ReadonlySet<Capability> => new Set(plugin?.isActive ? plugin.grants : []);

export const mayAnswer = (plugin: Granted, method: string): boolean => may(plugin, `rpc:${method}`) || may(plugin, "rpc:call");

export const mayShowPages = (plugin: Granted, scope: "admin" | "portal"): boolean =>
  may(plugin, scope === "admin" ? "studio_ui" : "portal_ui");

/** What of its grants counts in the services that a gateway offers to plugins, sorted. */
export const grantedToServices = (grants: readonly Capability[]): Capability[] => grants.filter(isServiceGrant).sort();

type Asking = Pick<Plugin, "manifest" | "hookTypes" | "hookType">;

/** Everything it asks for now. */
export const requestedOf = ({ manifest, hookTypes, hookType }: Asking): Capability[] =>
  requestedCapabilities(storedManifest(manifest), hookTypes.length > 0 ? hookTypes : [hookType]);

/**
 * What it asks for and was not granted. Hooks on requests and responses wait for the plugin to be attached to an LLM, unless it is in
 * use already.
 */
export function pendingOf(plugin: Asking & Pick<Plugin, "grants">): Capability[] {
  const inUse = plugin.grants.some(isApprovedByAttachment);
  return requestedOf(plugin).filter((capability) => !plugin.grants.includes(capability) && (inUse || !isApprovedByAttachment(capability)));
}

export const requiresApproval = (plugin: Asking & Pick<Plugin, "grants">): boolean =>
  requestedOf(plugin).some((capability) => !isApprovedByAttachment(capability)) || pendingOf(plugin).length > 0;

/** What of the grants remains for a plugin that asks for this now: what is no longer asked for has to be approved again later. */
export const keptGrants = (grants: readonly Capability[], requested: readonly Capability[]): Capability[] =>
  grants.filter((capability) => requested.includes(capability) || (grantableUnasked as readonly string[]).includes(capability));

/** Names exactly what an administrator is shown, so that an approval of anything else is noticed. */
export function approvalOf(plugin: Asking & Pick<Plugin, "command" | "checksum" | "codeHash">): string {
  const { command, checksum, codeHash, hookType, hookTypes, manifest } = plugin;
  const shown = [requestedOf(plugin), hookType, hookTypes, command, checksum, codeHash, manifest];
  return createHash("sha256")
    .update(
      JSON.stringify(shown, (_key, value: unknown) => (isObject(value) ? Object.fromEntries(Object.entries(value).sort(byKey)) : value)),
    )
    .digest("hex");
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);
