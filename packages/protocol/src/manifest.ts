import { z } from "zod";
import { isObjectHook } from "./capabilities.ts";
import { type HookType, hookTypes } from "./hooks.ts";
import { isKnownScope } from "./scopes.ts";

const text = z.string().max(2000);
const name = z.string().min(1).max(200);

/** How an element of a plugin is mounted. `webc` is a custom element, `iframe` a page of the plugin in a frame. */
export const UiMount = z.looseObject({
  kind: z.enum(["webc", "module-federation", "iframe"]),
  /** Name of the custom element; needs a hyphen. Required for `webc`. */
  tag: z
    .string()
    .regex(/^[a-z][a-z0-9._-]*-[a-z0-9._-]*$/, "a custom element name has lower-case letters and at least one hyphen")
    .optional(),
  /** Path of the script that defines the element, below the plugin's assets. Required for `webc`. */
  entry: z.string().max(500).optional(),
  /** Handed to the element as attributes: `apiBase` becomes `data-api-base`; anything but a string is JSON. */
  props: z.record(z.string(), z.unknown()).optional(),
  remote: z.string().max(500).optional(),
  exposed: z.string().max(200).optional(),
  /** Path of the page for `iframe`. */
  app: z.string().max(500).optional(),
});
export type UiMount = z.infer<typeof UiMount>;

export const UiSlotItem = z.looseObject({
  type: z.enum(["route", "component"]),
  /** Address of the page, e.g. `/admin/feedback`. Required for `route`. */
  path: z.string().max(255).optional(),
  title: text.optional(),
  mount: UiMount,
});
export type UiSlotItem = z.infer<typeof UiSlotItem>;

export const UiSlot = z.looseObject({
  slot: name,
  label: text.optional(),
  icon: z.string().max(500).optional(),
  items: z.array(UiSlotItem).max(100).default([]),
});
export type UiSlot = z.infer<typeof UiSlot>;

export const PortalUiSlot = UiSlot.extend({
  /** Names of the groups that see the slot; empty means everyone. */
  groups: z.array(name).max(200).default([]),
});
export type PortalUiSlot = z.infer<typeof PortalUiSlot>;

export const ManifestSchedule = z.looseObject({
  id: name,
  name,
  /** Five cron fields or a descriptor such as `@daily`. */
  cron: name,
  timezone: z.string().default("UTC"),
  enabled: z.boolean().default(true),
  timeout_seconds: z.number().int().positive().default(60),
  config: z.record(z.string(), z.unknown()).optional(),
});

export const ManifestResourceType = z.looseObject({
  slug: name,
  name,
  description: text.optional(),
  icon: z.string().max(500).optional(),
  has_privacy_score: z.boolean().optional(),
  supports_submissions: z.boolean().optional(),
  form_component: z.looseObject({ tag: z.string(), entry_point: z.string() }).optional(),
});

const strings = z.array(z.string().max(255)).max(500).optional();

const topics = z
  .array(
    z
      .string()
      .max(200)
      .regex(
        /^(?!system(\.|$))[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(\.\*)?$/,
        "must be a topic such as cache.cleared or cache.*, not below system",
      ),
  )
  .max(100)
  .optional();

const manifestOf = <Hooks extends z.ZodArray<z.ZodEnum<{ [K in HookType]: K }>>>(hooks: Hooks) =>
  z.looseObject({
    /** Reverse-DNS identifier, e.g. `com.acme.audit`. */
    id: name,
    version: name,
    name,
    description: text.optional(),
    capabilities: z.looseObject({
      hooks,
      /** Must be one of `hooks`; default is the first. */
      primary_hook: z.enum(hookTypes).optional(),
    }),
    permissions: z
      .looseObject({
        /** Scopes of the service API (see scopes.ts). */
        services: strings,
        /** e.g. `llm.before_create`. */
        object_hooks: strings,
        kv: strings,
        /** Methods that pages may call; the word `call` allows every method, and an empty or absent list none. */
        rpc: strings,
        /** Topics beside the plugin's own (`plugin.<id>.*`) that it publishes on or subscribes to; `cache.*` is everything below `cache.`. */
        events: z.looseObject({ publish: topics, subscribe: topics }).optional(),
        routes: strings,
        ui: strings,
        portal_ui: strings,
      })
      .optional(),
    ui: z.looseObject({ slots: z.array(UiSlot).max(100).default([]) }).optional(),
    portal: z.looseObject({ slots: z.array(PortalUiSlot).max(100).default([]) }).optional(),
    assets: z.array(z.string().max(500)).max(2000).optional(),
    schedules: z.array(ManifestSchedule).max(200).optional(),
    resource_types: z.array(ManifestResourceType).max(200).optional(),
  });

const Hooks = z.array(z.enum(hookTypes));

/**
 * What a plugin says of itself: JSON text answered by GetManifest. Unknown keys are kept and ignored, so that
 * manifests written for other hosts load unchanged.
 */
export const PluginManifest = manifestOf(Hooks.min(1, "declare at least one hook")).superRefine(checkManifest);
export type PluginManifest = z.infer<typeof PluginManifest>;

/**
 * A manifest as hosts read it. Generated and older plugins leave out the id, or list their hooks where an object with `hooks` belongs:
 * what can be derived is filled in, and `hooks` is empty where an administrator has to name them. `gapsOfManifest` says what was done.
 */
export const LenientManifest = z.preprocess(
  (json) => (isRecord(json) ? filledIn(json).manifest : json),
  manifestOf(Hooks).superRefine(checkManifest),
);

/** What a manifest leaves out or writes in another form, and what counts instead: sentences for administrators. */
export const gapsOfManifest = (json: unknown): string[] =>
  isRecord(json) && Object.keys(json).length > 0
    ? filledIn(json).gaps
    : ["It has no manifest: the hooks that an administrator names count."];

type Json = Record<string, unknown>;
const isRecord = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
const isHook = (word: unknown): word is HookType => (hookTypes as readonly unknown[]).includes(word);
/** Words that generated manifests have for hooks. */
const aliases: Record<string, HookType> = { data_collector: "data_collection", data_collectors: "data_collection" };

function filledIn(json: Json): { manifest: Json; gaps: string[] } {
  const gaps: string[] = [];
  const { capabilities, ...manifest } = json;
  const absent = (field: string) => manifest[field] === undefined || manifest[field] === null || manifest[field] === "";
  if (absent("name")) {
    manifest.name = "Unnamed plugin";
    gaps.push("Its manifest has no name.");
  }
  if (absent("version")) {
    manifest.version = "0.0.0";
    gaps.push("Its manifest has no version.");
  }
  if (absent("id")) {
    manifest.id = `local.${idPart(String(manifest.name))}`;
    gaps.push(`Its manifest has no id: "${manifest.id}" is used.`);
  }
  const named =
    'The hooks that an administrator names count; the manifest should have "capabilities": {"hooks": ["post_auth"]}, for example.';
  if (Array.isArray(capabilities)) {
    const words = capabilities.map((word) => (typeof word === "string" ? (aliases[word] ?? word) : word));
    const unknown = words.filter((word) => !isHook(word));
    gaps.push('Its manifest lists "capabilities" where an object with "hooks" belongs: the list is read as the hooks.');
    if (unknown.length > 0)
      gaps.push(
        `Its manifest names hooks that do not exist: ${unknown
          .map((word) => JSON.stringify(word))
          .join(", ")
          .slice(0, 300)}.`,
      );
    if (unknown.length === words.length) gaps.push(named);
    return { manifest: { ...manifest, capabilities: { hooks: [...new Set(words.filter(isHook))] } }, gaps };
  }
  if (capabilities === undefined || capabilities === null || (isRecord(capabilities) && isEmpty(capabilities.hooks))) {
    gaps.push(`Its manifest declares no hooks. ${named}`);
    return { manifest: { ...manifest, capabilities: { ...(isRecord(capabilities) ? capabilities : {}), hooks: [] } }, gaps };
  }
  return { manifest: { ...manifest, capabilities }, gaps };
}

const isEmpty = (hooks: unknown): boolean => hooks === undefined || hooks === null || (Array.isArray(hooks) && hooks.length === 0);
const idPart = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 100) || "plugin";

type AnyManifest = z.infer<ReturnType<typeof manifestOf<typeof Hooks>>>;

function checkManifest(manifest: AnyManifest, ctx: z.RefinementCtx): void {
  const { hooks, primary_hook } = manifest.capabilities;
  if (primary_hook && hooks.length > 0 && !hooks.includes(primary_hook)) {
    ctx.addIssue({
      code: "custom",
      path: ["capabilities", "primary_hook"],
      message: `must be one of capabilities.hooks (${hooks.join(", ")})`,
    });
  }
  for (const [i, scope] of (manifest.permissions?.services ?? []).entries()) {
    if (!isKnownScope(scope)) {
      ctx.addIssue({
        code: "custom",
        path: ["permissions", "services", i],
        message: `there is no scope "${scope}"; ask for what the plugin needs by name, e.g. llms.read`,
      });
    }
  }
  for (const [i, hook] of (manifest.permissions?.object_hooks ?? []).entries()) {
    if (isObjectHook(hook)) continue;
    ctx.addIssue({
      code: "custom",
      path: ["permissions", "object_hooks", i],
      message: `there is no object hook "${hook}"; name an object and a moment, e.g. llm.before_create`,
    });
  }
  const slots = [
    ...(manifest.ui?.slots ?? []).map((slot, i) => ({ slot, at: ["ui", "slots", i] })),
    ...(manifest.portal?.slots ?? []).map((slot, i) => ({ slot, at: ["portal", "slots", i] })),
  ];
  for (const { slot, at } of slots) {
    for (const [j, item] of slot.items.entries()) {
      const need = (field: string, value: string | undefined, where: (string | number)[]) => {
        if (!value) ctx.addIssue({ code: "custom", path: [...at, "items", j, ...where], message: `${field} is required here` });
      };
      if (item.type === "route") need("path", item.path, ["path"]);
      if (item.mount.kind === "webc") {
        need("tag", item.mount.tag, ["mount", "tag"]);
        need("entry", item.mount.entry, ["mount", "entry"]);
      }
      if (item.mount.kind === "iframe") need("app", item.mount.app, ["mount", "app"]);
    }
  }
}
