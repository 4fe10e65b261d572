import { AppError, type FieldIssue, messageOf } from "@portico/core";
import { LenientManifest, type PluginManifest, runsOnGateways, type UiSlotItem } from "@portico/protocol";
import { placeOfFault } from "../../db/storable.ts";
import type { MountConfig } from "../contract/pages.ts";
import type { PluginCategory } from "../contract.ts";
import { isObject, type Json } from "./json.ts";
import type { UiRoute } from "./store.ts";

const maxManifestChars = 512 * 1024;
const maxIssues = 50;
const maxFieldChars = 300;

const refuse = (issues: FieldIssue[], message = "The plugin's manifest is not valid.") =>
  new AppError({ code: "plugin_invalid", message, issues: issues.map((issue) => ({ ...issue, code: "plugin_invalid" as const })) });

export type ParsedManifest = { manifest: PluginManifest | undefined; json: Json };

/** What is wrong with one place, in words; undefined leaves that to the schema. */
function wordsFor(issue: { code?: string; expected?: unknown; input?: unknown }): string | undefined {
  if (issue.code !== "invalid_type") return undefined;
  if (issue.input === undefined || issue.input === null) return "is missing";
  const found = Array.isArray(issue.input) ? "a list" : typeof issue.input === "object" ? "an object" : `${JSON.stringify(issue.input)}`;
  return `must be ${kinds[String(issue.expected)] ?? String(issue.expected)}, not ${found.slice(0, 100)}`;
}
const kinds: Record<string, string> = {
  string: "text",
  object: "an object",
  record: "an object",
  array: "a list",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
};

/**
 * Reads a manifest's text. Plugins older than manifests answer nothing or `{}`; they have none. `capabilities.hooks` is empty when the
 * manifest leaves the hooks to an administrator.
 * @throws AppError plugin_invalid naming what is wrong as `manifest.<path>`.
 */
export function parseManifest(text: string): ParsedManifest {
  if (text.trim() === "") return { manifest: undefined, json: {} };
  if (text.length > maxManifestChars) throw refuse([{ field: "manifest", message: `is larger than ${maxManifestChars / 1024} KiB` }]);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refuse([{ field: "manifest", message: `is not JSON: ${messageOf(error)}` }]);
  }
  if (json === null || (isObject(json) && Object.keys(json).length === 0)) return { manifest: undefined, json: {} };
  const unstorable = placeOfFault(json);
  if (unstorable) throw refuse([{ field: ["manifest", ...unstorable.path].join(".").slice(0, maxFieldChars), message: unstorable.fault }]);
  const parsed = LenientManifest.safeParse(json, { error: wordsFor });
  if (!parsed.success)
    throw refuse(
      parsed.error.issues
        .slice(0, maxIssues)
        .map(({ path, message }) => ({ field: ["manifest", ...path].map(String).join(".").slice(0, maxFieldChars), message })),
    );
  const faults = faultsOfRoutes(parsed.data);
  if (faults.length > 0) throw refuse(faults);
  return { manifest: parsed.data, json: json as Json };
}

/** The manifest a row holds, or undefined before one was read. */
export function storedManifest(json: Json): PluginManifest | undefined {
  if (Object.keys(json).length === 0) return undefined;
  const parsed = LenientManifest.safeParse(json);
  return parsed.success ? parsed.data : undefined;
}

const slotsOf = (manifest: PluginManifest | undefined) => [
  ...(manifest?.ui?.slots ?? []).map((slot, i) => ({
    scope: "admin" as const,
    at: `manifest.ui.slots.${i}`,
    slot,
    groups: [] as string[],
  })),
  ...(manifest?.portal?.slots ?? []).map((slot, i) => ({
    scope: "portal" as const,
    at: `manifest.portal.slots.${i}`,
    slot,
    groups: slot.groups,
  })),
];

function faultsOfRoutes(manifest: PluginManifest): FieldIssue[] {
  const seen = new Set<string>();
  return slotsOf(manifest).flatMap(({ scope, at, slot }) =>
    slot.items.flatMap(({ type, path = "" }, i) => {
      if (type !== "route") return [];
      const field = `${at}.items.${i}.path`;
      const prefix = scope === "admin" ? "/admin/" : "/portal/";
      if (!path.startsWith(prefix) || path === prefix || /[?#\\\p{Cc}]|\/\.\.?(\/|$)|\/\/|%(?:25)*(?:2e|2f|5c)/iu.test(path))
        return [{ field, message: `must be a path below ${prefix}` }];
      if (seen.has(`${scope} ${path}`)) return [{ field, message: `is already the path of another page of this plugin: ${path}` }];
      seen.add(`${scope} ${path}`);
      return [];
    }),
  );
}

/** The pages a manifest declares. */
export const routesOf = (manifest: PluginManifest | undefined): UiRoute[] =>
  slotsOf(manifest).flatMap(({ scope, slot, groups }) =>
    slot.items
      .filter(({ type }) => type === "route")
      .map((item) => ({
        scope,
        slotType: slot.slot.slice(0, 100),
        routePattern: item.path ?? "",
        componentTag: (item.mount.tag ?? "").slice(0, 100),
        entryPoint: entryOf(item),
        mountConfig: mountConfigOf(item, { label: slot.label, icon: slot.icon }),
        allowedGroups: groups,
      })),
  );

const entryOf = ({ mount }: UiSlotItem): string => mount.entry ?? mount.app ?? mount.remote ?? "";

function mountConfigOf(
  { mount, title }: UiSlotItem,
  { label, icon }: { label?: string | undefined; icon?: string | undefined },
): MountConfig {
  const { kind, tag, entry, props, remote, exposed, app } = mount;
  return JSON.parse(JSON.stringify({ kind, tag, entry, props, remote, exposed, app, title, label, icon })) as MountConfig;
}

/** The part of what it asks for that is named in lists of scopes: scopes of the service API, and the operations it wants to check. */
export const requestedScopes = (manifest: PluginManifest | undefined): string[] =>
  [...new Set([...(manifest?.permissions?.services ?? []), ...(manifest?.permissions?.object_hooks ?? [])])].sort();

export function categoryOf(hooks: string[]): PluginCategory {
  const gateway = runsOnGateways(hooks);
  const ui = hooks.includes("studio_ui") || hooks.includes("portal_ui");
  const agent = hooks.includes("agent");
  if (gateway && ui && agent) return "Full-Stack Plugin";
  if (gateway && ui) return "Gateway + UI";
  if (gateway && agent) return "Gateway + Agent";
  if (agent && ui) return "Agent + UI";
  if (gateway) return "Gateway Plugin";
  if (ui) return "UI Extension";
  return agent ? "Agent Plugin" : "Uncategorized";
}
