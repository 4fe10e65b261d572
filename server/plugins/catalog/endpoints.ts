import { z } from "zod";
import { namespaceFilter, queryFlag, queryInteger } from "../../fields/contract.ts";
import { collectionOf, Dependents, documentOf, IdParam, listOf, Message } from "../../http/contract.ts";
import { endpoint } from "../../http/endpoint.ts";
import { all, dependents, many, one } from "../../http/envelope.ts";
import { listQuery } from "../../http/paging.ts";
import type { LlmPluginService } from "../../llms/llm-plugins.ts";
import {
  Approval,
  BuildPreview,
  ConfigSchemaResource,
  LoadedPlugin,
  LogLine,
  ParsedManifest,
  PluginMetadata,
  PluginStatus,
  PluginTrial,
  Reloaded,
  WorkflowStatus,
} from "../contract/operations.ts";
import {
  ApproveScopes,
  AttachedPlugin,
  ConfigOverride,
  LlmPlugins,
  OverrideResource,
  PluginDraft,
  PluginPatch,
  PluginReplacement,
  PluginResource,
  PreviewBuild,
  TypeParam,
  ValidateAndLoad,
} from "../contract.ts";
import type { PluginOperations } from "./admin-actions.ts";
import type { PluginService } from "./service.ts";
import { pluginSorts } from "./store.ts";

const Nothing = z.object({});

/** Plugins as things to manage: the rows, what they ask for, the state of their processes. */
export const pluginEndpoints = ({ plugins, operations }: { plugins: PluginService; operations: PluginOperations }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/plugins",
    summary: "List plugins",
    permission: "plugins.read",
    query: listQuery({
      sortable: pluginSorts,
      filters: { hook_type: z.string().max(64).optional(), is_active: queryFlag.optional(), namespace: namespaceFilter.optional() },
    }),
    result: listOf(PluginResource),
    async handle({ query }) {
      const { namespace, ...filters } = query.filters;
      const isEverywhere = namespace === "__ALL_NAMESPACES__";
      return many(await plugins.list(query.list, { ...filters, namespace: isEverywhere ? undefined : namespace }), (plugin) => plugin);
    },
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/plugins",
    object: "plugin",
    status: 201,
    summary: "Install a plugin; an active one is loaded first and rejected with the reason if that fails",
    permission: "plugins.write",
    body: PluginDraft,
    result: documentOf(PluginResource),
    handle: async ({ actor, body }) => one(await plugins.resource(await plugins.create(actor, body))),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/loaded",
    summary: "List the plugin processes of this studio",
    permission: "plugins.read",
    result: collectionOf(LoadedPlugin),
    handle: async () => all(await operations.loaded()),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/ai-studio/manifests",
    summary: "Plugins with pages in the studio whose manifests have been read",
    permission: "plugins.read",
    result: collectionOf(PluginResource),
    handle: async () =>
      all(
        (await operations.listOfType("ai_studio")).filter(
          ({ attributes: { hook_types, manifest } }) => hook_types.includes("studio_ui") && Object.keys(manifest).length > 0,
        ),
      ),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/type/:type",
    summary: "List plugins that run on gateways (`gateway`) or in studio (`ai_studio`); a plugin that runs in both is in both lists",
    permission: "plugins.read",
    params: TypeParam,
    result: collectionOf(PluginResource),
    handle: async ({ params }) => all(await operations.listOfType(params.type)),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/:id",
    object: "plugin",
    summary: "Get a plugin",
    permission: "plugins.read",
    params: IdParam,
    result: documentOf(PluginResource),
    handle: async ({ params }) => one(await plugins.resource(await plugins.get(params.id))),
  }),
  endpoint({
    method: "PATCH",
    path: "/api/v1/plugins/:id",
    object: "plugin",
    summary: "Update a plugin; `config` replaces the whole configuration and is validated against the plugin's schema",
    permission: "plugins.write",
    params: IdParam,
    body: PluginPatch,
    result: documentOf(PluginResource),
    handle: async ({ actor, params, body }) => one(await plugins.resource(await plugins.update(actor, params.id, body))),
  }),
  endpoint({
    method: "PUT",
    path: "/api/v1/plugins/:id",
    object: "plugin",
    summary: "Replace a plugin: fields left out return to their defaults, but `config` (which may hold secrets), `slug` and hooks are kept",
    permission: "plugins.write",
    params: IdParam,
    body: PluginReplacement,
    result: documentOf(PluginResource),
    handle: async ({ actor, params, body }) => one(await plugins.resource(await plugins.update(actor, params.id, body))),
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/plugins/:id",
    object: "plugin",
    status: 204,
    summary: "Delete a plugin with its stored data; its process stops",
    permission: "plugins.write",
    params: IdParam,
    async handle({ actor, params }) {
      await plugins.delete(actor, params.id);
      return undefined;
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/:id/dependents",
    summary: "List what refers to a plugin and what deleting it would change",
    permission: "plugins.read",
    params: IdParam,
    result: Dependents,
    handle: async ({ params }) => dependents(await operations.dependents(params.id)),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/:id/status",
    summary: "Get the state of a plugin's process",
    permission: "plugins.read",
    params: IdParam,
    result: documentOf(PluginStatus),
    handle: async ({ params }) => ({ json: { data: await operations.status(params.id) } }),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/:id/logs",
    summary: "List a plugin's log: the last 1000 lines, or those after the line `after`, from this process or its gateways",
    permission: "plugins.read",
    params: IdParam,
    query: z.object({ after: queryInteger({ max: Number.MAX_SAFE_INTEGER }).default(0) }),
    result: collectionOf(LogLine),
    handle: async ({ params, query }) => ({ json: await operations.logs(params.id, query.after) }),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/plugins/:id/reload",
    summary: "Restart the process; responds when it is healthy, or with the reason why it is not",
    permission: "plugins.write",
    params: IdParam,
    body: Nothing,
    bodyOptional: true,
    result: Reloaded,
    handle: async ({ actor, params }) => ({ json: await operations.reload(actor, params.id) }),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/plugins/:id/validate-and-load",
    summary: "Read manifest, schema and requested scopes from the executable, or from another `command`, which then becomes the plugin's",
    permission: "plugins.write",
    params: IdParam,
    body: ValidateAndLoad,
    bodyOptional: true,
    result: documentOf(PluginMetadata),
    handle: async ({ actor, params, body }) => one(await operations.validateAndLoad(actor, params.id, body)),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/plugins/:id/preview",
    summary: "Start another build briefly and report what it would change; nothing is saved",
    permission: "plugins.write",
    params: IdParam,
    body: PreviewBuild,
    result: documentOf(BuildPreview),
    handle: async ({ params, body }) => one(await plugins.preview(params.id, body.command)),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/plugins/:id/test",
    summary: "Start the executable briefly and check the stored hooks and settings against it; nothing is saved",
    permission: "plugins.write",
    params: IdParam,
    result: documentOf(PluginTrial),
    handle: async ({ params }) => ({ json: { data: await operations.test(params.id) } }),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/plugins/:id/ui/load",
    summary: "Read the manifest again and publish the plugin's pages; they show while the plugin is active",
    permission: "plugins.write",
    params: IdParam,
    result: Message,
    handle: async ({ actor, params }) => ({ json: await operations.loadUi(actor, params.id) }),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/plugins/:id/ui/unload",
    summary: "Unpublish the plugin's pages in the admin area and the portal until they are loaded again; its process keeps running",
    permission: "plugins.write",
    params: IdParam,
    result: Message,
    handle: async ({ actor, params }) => ({ json: await operations.unloadUi(actor, params.id) }),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/plugins/:id/approve-scopes",
    summary: "Approve or deny everything that a plugin requests",
    permission: "plugins.write",
    params: IdParam,
    body: ApproveScopes,
    result: Approval,
    handle: async ({ actor, params, body }) => ({ json: await operations.approve(actor, params.id, body) }),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/:id/workflow-status",
    summary: "Get whether a plugin is waiting for approval",
    permission: "plugins.read",
    params: IdParam,
    result: documentOf(WorkflowStatus),
    handle: async ({ params }) => one(await operations.workflowStatus(params.id)),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/:id/config-schema",
    summary: "Get the JSON Schema of a plugin's configuration; reads it from the executable when it is not stored yet",
    permission: "plugins.read",
    params: IdParam,
    result: documentOf(ConfigSchemaResource),
    handle: async ({ actor, params }) => one(await operations.configSchema(actor, params.id, { refresh: false })),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/plugins/:id/config-schema/refresh",
    summary: "Read the JSON Schema of a plugin's configuration again",
    permission: "plugins.write",
    params: IdParam,
    body: Nothing,
    bodyOptional: true,
    result: documentOf(ConfigSchemaResource),
    handle: async ({ actor, params }) => one(await operations.configSchema(actor, params.id, { refresh: true })),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/plugins/:id/manifest/parse",
    summary: "Read the manifest again and register its pages",
    permission: "plugins.write",
    params: IdParam,
    body: Nothing,
    bodyOptional: true,
    result: ParsedManifest,
    handle: async ({ actor, params }) => ({ json: await operations.parseManifest(actor, params.id) }),
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/plugins/:id/data",
    status: 204,
    summary: "Delete all data that a plugin has stored",
    permission: "plugins.write",
    params: IdParam,
    async handle({ actor, params }) {
      await operations.clearData(actor, params.id);
      return undefined;
    },
  }),
];

const Link = IdParam.extend({ plugin_id: IdParam.shape.id });

/** Plugins of an LLM. */
export const llmPluginEndpoints = ({ llmPlugins }: { llmPlugins: LlmPluginService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/llms/:id/plugins",
    object: "llm",
    summary: "List an LLM's plugins, in the order in which they run",
    permission: "llms.read",
    params: IdParam,
    result: collectionOf(AttachedPlugin),
    handle: async ({ params }) => all(await llmPlugins.list(params.id)),
  }),
  endpoint({
    method: "PUT",
    path: "/api/v1/llms/:id/plugins",
    object: "llm",
    summary: "Set an LLM's plugins and their order; plugins that remain keep their overrides",
    permission: "llms.write",
    params: IdParam,
    body: LlmPlugins,
    result: collectionOf(AttachedPlugin).extend({ message: z.string() }),
    async handle({ actor, params, body }) {
      await llmPlugins.replace(actor, params.id, body.plugin_ids);
      return { json: { message: "LLM plugins updated successfully", data: await llmPlugins.list(params.id) } };
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/llms/:id/plugins/:plugin_id/config",
    object: "llm",
    summary: "Get the overrides of a plugin's configuration for this LLM",
    permission: "llms.read",
    params: Link,
    result: documentOf(OverrideResource),
    handle: async ({ params }) => one(await llmPlugins.getOverride(params.id, params.plugin_id)),
  }),
  endpoint({
    method: "PUT",
    path: "/api/v1/llms/:id/plugins/:plugin_id/config",
    object: "llm",
    summary: "Set the overrides of a plugin's configuration for this LLM",
    permission: "llms.write",
    params: Link,
    body: ConfigOverride,
    result: documentOf(OverrideResource),
    handle: async ({ actor, params, body }) =>
      one(await llmPlugins.setOverride(actor, params.id, params.plugin_id, body.config_override ?? {})),
  }),
];
