import { slugify } from "@portico/core";
import { grantableUnasked, hookTypes } from "@portico/protocol";
import { z } from "zod";
import { attributesOf, draftOf, patchOf, replacementOf, timestamps } from "../fields/contract/resource.ts";
import { Flag, IdList, must, Namespace, text } from "../fields/contract.ts";
import { resourceOf } from "../http/contract.ts";

/** Why a command cannot be one, as far as its text tells; undefined when it can. */
export function faultOfCommand(command: string): string | undefined {
  if (command === "") return "is required";
  if (/\p{Cc}/u.test(command)) return "must not contain control characters";
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(command)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "file") return `cannot be a ${scheme}:// address: use file:///absolute/path of one executable`;
  const path = scheme === undefined ? command : command.slice("file://".length);
  if (!path.startsWith("/")) return "must be the absolute path of one executable, e.g. file:///opt/plugins/my-plugin";
  if (path.split("/").includes("..")) return 'must not contain ".."';
  if (/[;|&`<>]|\$\(/.test(path)) return "must be the path of one executable, without arguments or shell characters";
  return undefined;
}

const Command = z
  .string({ error: must("text") })
  .trim()
  .max(500, "must be at most 500 characters")
  .superRefine((command, ctx) => {
    const fault = faultOfCommand(command);
    if (fault) ctx.addIssue({ code: "custom", message: fault });
  });

const oneOf =
  (words: readonly string[]) =>
  ({ input }: { input?: unknown }) =>
    `must be one of ${words.join(", ")}, not ${JSON.stringify(input)?.slice(0, 100) ?? "nothing"}`;

const hookTypeWords = [...hookTypes, "pending"] as const;
/** Clients in Go send what they have not set as "" or null. */
const HookType = z
  .enum([...hookTypeWords, ""], { error: oneOf(hookTypeWords) })
  .nullable()
  .transform((word) => word || undefined);
const HookTypes = z
  .array(z.enum(hookTypes, { error: oneOf(hookTypes) }), "must be a list of hook types")
  .max(hookTypes.length, `must have at most ${hookTypes.length} hook types`)
  .nullable()
  .transform((words) => words ?? undefined);

/** The reference's words for kinds of plugin. */
export const pluginCategories = [
  "Full-Stack Plugin",
  "Gateway + UI",
  "Gateway + Agent",
  "Agent + UI",
  "Gateway Plugin",
  "UI Extension",
  "Agent Plugin",
  "Uncategorized",
] as const;
export type PluginCategory = (typeof pluginCategories)[number];

/** Names that clients have for kinds of plugin, and the words in which `plugin_type` is answered. */
export const pluginTypes = ["gateway", "ai_studio", "agent"] as const;
const pluginTypeWords = [...pluginTypes, ...pluginCategories] as const;
const PluginType = z.enum([...pluginTypeWords, ""], { error: oneOf(pluginTypeWords) }).nullable();
const Checksum = text(71).regex(/^(?:sha256:)?(?:[0-9a-f]{64})?$/i, "must be the SHA-256 of the executable in hex");
const Config = z.record(z.string().max(200), z.unknown(), "must be a JSON object");

export const PluginFields = {
  name: text(120)
    .min(1, "is required")
    .refine((name) => slugify(name) !== "", "needs at least one letter or digit"),
  slug: text(64).regex(/^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/, "must consist of lower-case letters, digits, hyphens and underscores"),
  description: text(2000),
  command: Command,
  checksum: Checksum,
  config: Config,
  hook_type: HookType,
  hook_types: HookTypes,
  hook_types_customized: Flag,
  is_active: Flag,
  namespace: Namespace,
};

/** Sent by older clients; what a plugin is follows from its hooks. */
const ignored = { plugin_type: PluginType.optional(), oci_reference: z.literal("", "is not supported yet; use command").optional() };

const defaults = {
  slug: undefined,
  description: "",
  checksum: "",
  config: undefined,
  hook_type: undefined,
  hook_types: undefined,
  hook_types_customized: false,
  is_active: false,
  namespace: "",
  load_immediately: false,
};
const sent = { ...PluginFields, load_immediately: Flag, ...ignored };

/** A new plugin. `load_immediately` reads the manifest although the plugin is not active. */
export const PluginDraft = draftOf(sent, defaults);
export type PluginDraft = z.infer<typeof PluginDraft>;

/** Plugins by where they run. */
export const TypeParam = z.object({ type: z.enum(["gateway", "ai_studio"], { error: oneOf(["gateway", "ai_studio"]) }) });

export const ApproveScopes = z.strictObject({
  approved: Flag,
  /** `attributes.approval` of the plugin as it was looked at. Without it only what the plugin asked for when it was installed is granted. */
  approval: text(64)
    .regex(/^[0-9a-f]{64}$/, "must be the value of the plugin's attributes.approval")
    .optional(),
  /** Whether its elements may run in the page itself; absent leaves that as it is. */
  ui_trusted: Flag.optional(),
  /** Granted although the plugin does not ask for it: for plugins whose manifests are older than these permissions. */
  also: z
    .array(z.enum(grantableUnasked, { error: oneOf(grantableUnasked) }), "must be a list")
    .max(grantableUnasked.length)
    .optional(),
});
export type ApproveScopes = z.infer<typeof ApproveScopes>;

export const ValidateAndLoad = z.strictObject({ command: Command.optional() });

export const PreviewBuild = z.strictObject({ command: Command });

export const LlmPlugins = z.strictObject({ plugin_ids: IdList });
export const ConfigOverride = z.strictObject({ config_override: Config.nullable() });

export const pluginStates = ["starting", "healthy", "unhealthy", "failed", "stopped"] as const;

export const PluginAttributes = attributesOf(PluginFields, {
  /** Only of a plugin that has one. */
  checksum: z.string().optional(),
  /** Secrets in it are `[redacted]`. */
  config: z.record(z.string(), z.unknown()),
  hook_type: z.string(),
  hook_types: z.array(z.string()),
  /** What kind of plugin its hooks make it, in words. */
  plugin_type: z.enum(pluginCategories),
  oci_reference: z.string(),
  manifest: z.record(z.string(), z.unknown()),
  /** The part of what it asks for that is scopes of the service API and object hooks. */
  service_scopes: z.array(z.string()),
  service_access_authorized: z.boolean(),
  requires_approval: z.boolean(),
  /** Everything it asks for: scopes, object hooks, hook types, methods of its pages, topics. */
  capabilities: z.array(z.string()),
  granted_capabilities: z.array(z.string()),
  /** What it asks for and was not granted. */
  pending_capabilities: z.array(z.string()),
  /** Names what is shown here; send it with an approval, so that nothing else is approved. */
  approval: z.string(),
  /** SHA-256 of its program as it was last read; "" before that. */
  code_hash: z.string(),
  /** Its program is not the one that was approved. */
  code_changed: z.boolean(),
  /** Its program may change without a new approval: the studio runs in development mode. */
  dev: z.boolean(),
  /** What keeps its process in the studio from the host and other plugins; null while none runs there. */
  isolation: z.enum(["user", "namespace", "none"]).nullable(),
  /** Why it is not more isolated; "" when there is nothing to say. */
  isolation_note: z.string(),
  /** Whether operations that it checks are blocked while it does not answer. */
  object_hook_failure_policy: z.enum(["fail_closed", "fail_open"]),
  status: z.enum(["ready", "scopes_pending"]),
  ui_trusted: z.boolean(),
  has_config_schema: z.boolean(),
  generation: z.number(),
  state: z.enum(pluginStates),
  /** Why it is not healthy, in a sentence; "" when it is. */
  state_error: z.string(),
  restarts: z.number(),
  /** What its manifest leaves out, and what of it has no effect, in sentences. */
  warnings: z.array(z.string()),
  /** Where its process runs: in studio, on gateways, or both. */
  runs_on: z.array(z.enum(["studio", "gateway"])),
  ...timestamps,
});
export type PluginAttributes = z.infer<typeof PluginAttributes>;

const changed = { ...sent, ui_trusted: Flag };

/** `config` replaces the whole configuration. */
export const PluginPatch = patchOf(changed, { shown: PluginAttributes });
export type PluginPatch = z.infer<typeof PluginPatch>;

/** Without `config` (it may hold secrets), `slug` or hooks those stay. */
export const PluginReplacement = replacementOf(changed, { ...defaults, ui_trusted: false }, { shown: PluginAttributes });

const LinkedLlm = resourceOf("llms", z.object({ name: z.string(), vendor: z.string(), active: z.boolean() }));
export const PluginResource = resourceOf("plugins", PluginAttributes).extend({
  relationships: z.object({ llms: z.object({ data: z.array(LinkedLlm) }) }).optional(),
});
export type PluginResource = z.infer<typeof PluginResource>;

/** A plugin as one of an LLM's. */
export const AttachedPlugin = resourceOf("plugins", PluginAttributes.extend({ order_index: z.number(), has_config_override: z.boolean() }));
export type AttachedPlugin = z.infer<typeof AttachedPlugin>;

export const OverrideResource = resourceOf(
  "llm-plugin-config",
  z.object({ llm_id: z.number(), plugin_id: z.number(), config_override: z.record(z.string(), z.unknown()) }),
);
export type OverrideResource = z.infer<typeof OverrideResource>;
