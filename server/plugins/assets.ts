import { createHmac } from "node:crypto";
import { AppError, notFound } from "@portico/core";
import { sameToken } from "@portico/core/tokens";
import type { Actor } from "../auth/actor.ts";
import { type Asset, assetPath, type Builds } from "./builds.ts";
import { createFrame } from "./frame/frame.ts";
import { mayShowPages } from "./grants.ts";
import { seesPortalOf } from "./rpc.ts";
import type { Plugin, PluginStore } from "./store.ts";

/** What a page may load, by media type. Anything else is offered as a download and never interpreted. */
const mediaTypes =
  /^(?:text\/(?:javascript|css|plain|html|markdown)|application\/(?:javascript|json|wasm|manifest\+json)|image\/(?:png|jpeg|gif|webp|avif|svg\+xml|x-icon|vnd\.microsoft\.icon)|font\/(?:woff2?|ttf|otf)|audio\/(?:mpeg|ogg|wav)|video\/(?:mp4|webm))$/;

const year = 365 * 24 * 3600;

/** Where the browser reached us, which is what a policy must name. */
function originOf(request: Request): string {
  const url = new URL(request.url);
  const scheme = request.headers.get("x-forwarded-proto")?.split(",")[0]?.trim();
  return scheme === "https" || scheme === "http" ? `${scheme}://${url.host}` : url.origin;
}

/**
 * Serves plugins' files. An address names the content (`version`) and carries a signature, so that a sandboxed frame without cookies
 * may fetch what it was given, caches may keep it for ever, and nobody can guess the address of a page not meant for him.
 */
export function createAssets({ store, builds, signingKey }: { store: PluginStore; builds: Builds; signingKey: string }) {
  const frame = createFrame();

  const sign = (id: number, version: string) => createHmac("sha256", signingKey).update(`asset ${id} ${version}`).digest("base64url");

  function verify(id: number, version: string, signature: string): void {
    if (!sameToken(sign(id, version), signature)) throw notFound("Asset");
  }

  const prefixOf = (id: number, version: string) => `/plugin-assets/${id}/${version}/${sign(id, version)}`;

  /** A plugin whose pages were approved, here or in the portal. */
  async function activePlugin(id: number): Promise<Plugin> {
    const plugin = await store.find(id);
    if (!plugin || !(mayShowPages(plugin, "admin") || mayShowPages(plugin, "portal"))) throw notFound("Plugin");
    return plugin;
  }

  function respond(asset: Asset, request: Request, { cacheControl, prefix }: { cacheControl: string; prefix: string }): Response {
    const etag = `"${asset.sha256.slice(0, 32)}"`;
    const given = asset.mimeType.toLowerCase().split(";", 1)[0]?.trim() ?? "";
    const known = mediaTypes.test(given);
    const type = known
      ? /^(?:text\/|application\/(?:javascript|json))/.test(given)
        ? `${given}; charset=utf-8`
        : given
      : "application/octet-stream";
    const source = `${originOf(request)}${prefix}/`;
    const headers = {
      "content-type": type,
      "cache-control": cacheControl,
      etag,
      "x-content-type-options": "nosniff",
      "access-control-allow-origin": "*",
      "cross-origin-resource-policy": "cross-origin",
      // Should a person open the file itself: a document of a plugin never gets our origin.
      "content-security-policy": [
        "sandbox allow-scripts allow-forms",
        "default-src 'none'",
        `script-src ${source}`,
        `style-src ${source} 'unsafe-inline'`,
        `img-src ${source} data:`,
        `font-src ${source} data:`,
        "connect-src 'none'",
        "frame-ancestors 'self'",
        "form-action 'none'",
        "base-uri 'none'",
      ].join("; "),
      ...(known ? {} : { "content-disposition": "attachment" }),
    };
    if (request.headers.get("if-none-match")?.includes(etag)) return new Response(null, { status: 304, headers });
    return new Response(new Uint8Array(asset.bytes), { headers: { ...headers, "content-length": String(asset.bytes.length) } });
  }

  const cleanPath = (path: string): string => {
    const clean = assetPath(path);
    if (!clean) throw notFound("Asset");
    return clean;
  };

  /** The file as the running process has it now, without a version: revalidated each time. */
  async function latest(plugin: Plugin, path: string, request: Request): Promise<Response> {
    const clean = cleanPath(path);
    const { version } = await builds.current(plugin);
    const asset = await builds.get(plugin, version, clean);
    return respond(asset, request, { cacheControl: "private, no-cache", prefix: prefixOf(plugin.id, version) });
  }

  return {
    /** Address of a file of one build. */
    urlOf: (id: number, version: string, path: string): string =>
      `${prefixOf(id, version)}${path.split("/").map(encodeURIComponent).join("/")}`,
    /** Address of the frame in which elements of one build run. */
    frameUrlOf: (id: number, version: string, tag: string): string =>
      `/plugin-frame/${id}/${version}/${sign(id, version)}?tag=${encodeURIComponent(tag)}`,

    async immutable({ id, version, signature, path }: { id: number; version: string; signature: string; path: string }, request: Request) {
      verify(id, version, signature);
      const clean = cleanPath(path);
      const asset = builds.cached(id, version, clean) ?? (await builds.get(await activePlugin(id), version, clean));
      return respond(asset, request, { cacheControl: `public, max-age=${year}, immutable`, prefix: prefixOf(id, version) });
    },

    /** A font of the product for frames. */
    font: frame.font,

    frame({ id, version, signature }: { id: number; version: string; signature: string }, request: Request): Response {
      verify(id, version, signature);
      return frame.respond(`${originOf(request)}${prefixOf(id, version)}/`);
    },

    async admin(id: number, path: string, request: Request): Promise<Response> {
      return latest(await activePlugin(id), path, request);
    },

    /** Only of plugins with a portal page that the person may see; administrators have no way around the groups here. */
    async portal(actor: Actor, id: number, path: string, request: Request): Promise<Response> {
      const plugin = await activePlugin(id);
      if (!seesPortalOf(plugin, await store.groupNames(actor.userId)))
        throw new AppError({ code: "forbidden", message: "This plugin has no portal page that your groups may use." });
      return latest(plugin, path, request);
    },
  };
}
export type Assets = ReturnType<typeof createAssets>;
