import { z } from "zod";
import { inputError } from "../../fields/input-error.ts";
import { readJson } from "../../http/body.ts";
import { collectionOf, IdParam } from "../../http/contract.ts";
import { endpoint } from "../../http/endpoint.ts";
import { all } from "../../http/envelope.ts";
import { PluginUiEntry, RpcAnswer, SidebarSection } from "../contract/pages.ts";
import type { Assets } from "./assets.ts";
import type { PluginRpc } from "./rpc.ts";
import type { PluginUi } from "./ui.ts";

/** Plugins take messages of at most 4 MiB; a call's arguments stay below that. */
const maxPayloadBytes = 3 * 1024 * 1024;

const Payload = z.record(z.string(), z.unknown(), "must be a JSON object");

/** Arguments are the plugin's to interpret: an envelope in them is not ours. */
async function payloadOf(request: Request): Promise<Record<string, unknown>> {
  const parsed = Payload.safeParse(await readJson(request, { maxBytes: maxPayloadBytes, optional: true }));
  if (!parsed.success) throw inputError(parsed.error, "body");
  return parsed.data;
}

const Method = IdParam.extend({
  method: z.string().regex(/^[A-Za-z0-9_.:-]{1,128}$/, "must be the name of a method: letters, digits, . _ : -"),
});
const Path = IdParam.extend({ path: z.string().max(500) });
const Build = IdParam.extend({ version: z.string().regex(/^[0-9a-f]{32}$/, "is not a version"), sig: z.string().max(100) });
const FontFile = z.object({ file: z.string().max(100) });

/** What plugins put on pages: registries, menus, calls, and the files themselves. */
export const pluginUiEndpoints = ({ ui, rpc, assets }: { ui: PluginUi; rpc: PluginRpc; assets: Assets }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/ui-registry",
    summary: "List plugin pages in the admin area",
    permission: "plugins.read",
    result: collectionOf(PluginUiEntry),
    handle: async ({ actor }) => all(await ui.registry("admin", actor)),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/sidebar-menu",
    summary: "List plugin menu sections in the admin area",
    permission: "plugins.read",
    result: collectionOf(SidebarSection),
    handle: async ({ actor }) => all(await ui.sidebar("admin", actor)),
  }),
  endpoint({
    method: "GET",
    path: "/common/plugins/portal-ui-registry",
    summary: "List plugin pages in the portal that your groups may see",
    permission: "user",
    result: collectionOf(PluginUiEntry),
    handle: async ({ actor }) => all(await ui.registry("portal", actor)),
  }),
  endpoint({
    method: "GET",
    path: "/common/plugins/portal-sidebar-menu",
    summary: "List plugin menu sections in the portal that your groups may see",
    permission: "user",
    result: collectionOf(SidebarSection),
    handle: async ({ actor }) => all(await ui.sidebar("portal", actor)),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/plugins/:id/rpc/:method",
    summary: "Call a method of a plugin, as its admin pages do",
    permission: "plugins.write",
    params: Method,
    result: RpcAnswer,
    async handle({ params, request, signal }) {
      return { json: { data: (await rpc.admin(params.id, params.method, await payloadOf(request), signal)) ?? null } };
    },
  }),
  endpoint({
    method: "POST",
    path: "/common/plugins/:id/portal-rpc/:method",
    summary: "Call a method of a plugin, as its portal pages do; requires a portal page that your groups may see",
    permission: "user",
    params: Method,
    result: RpcAnswer,
    async handle({ actor, params, request, signal }) {
      return { json: { data: (await rpc.portal(actor, params.id, params.method, await payloadOf(request), signal)) ?? null } };
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/plugins/assets/:id/:path{.+}",
    summary: "Get a file of a plugin",
    permission: "plugins.read",
    params: Path,
    handle: ({ params, ...asked }) => assets.admin(params.id, params.path, asked),
  }),
  endpoint({
    method: "GET",
    path: "/common/plugins/assets/:id/:path{.+}",
    summary: "Get a file of a plugin with a portal page that your groups may see",
    permission: "user",
    params: Path,
    handle: ({ actor, params, ...asked }) => assets.portal(actor, params.id, params.path, asked),
  }),
  endpoint({
    method: "GET",
    path: "/plugin-assets/:id/:version/:sig/:path{.+}",
    summary: "Get a file of one build of a plugin; the URL is signed and its content never changes",
    permission: "public",
    params: Build.extend({ path: Path.shape.path }),
    handle: ({ params, ...asked }) => assets.immutable({ ...params, signature: params.sig }, asked),
  }),
  endpoint({
    method: "GET",
    path: "/plugin-frame/fonts/:file",
    summary: "Get one of Portico's fonts, for sandboxed pages",
    permission: "public",
    params: FontFile,
    handle: ({ params }) => assets.font(params.file),
  }),
  endpoint({
    method: "GET",
    path: "/plugin-frame/:id/:version/:sig",
    summary: "Get the sandboxed page in which a plugin's element runs",
    permission: "public",
    params: Build,
    handle: ({ params, ...asked }) => assets.frame({ ...params, signature: params.sig }, asked),
  }),
];
