import { createHmac } from "node:crypto";
import { AppError, notFound } from "@portico/core";
import { sameToken } from "@portico/core/tokens";
import type { Actor } from "../../auth/actor.ts";
import { foreignAsset, isHtml } from "../../http/foreign.ts";
import type { WholeResponse } from "../../http/whole.ts";
import { mayShowPages } from "../catalog/grants.ts";
import type { Plugin, PluginStore } from "../catalog/store.ts";
import { type Asset, assetPath, type Builds } from "./asset-versions.ts";
import { createFrame } from "./frame/frame.ts";
import { seesPortalOf } from "./rpc.ts";

const year = 365 * 24 * 3600;

/** A request as assets look at it: `isSecure` when the browser came by HTTPS, through a trusted proxy or directly. */
export type AssetRequest = { request: Request; isSecure: boolean };

/** Where the browser reached us, which is what the policy of a frame must name. It comes from the request, so no cache may keep that policy. */
const originOf = ({ request, isSecure }: AssetRequest): string => `${isSecure ? "https" : "http"}://${new URL(request.url).host}`;

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

  /** Inline event handlers that pages of this build may run; none of a build that no longer runs. */
  async function handlersOf(id: number, version: string): Promise<readonly string[]> {
    const build = await builds.current(await activePlugin(id));
    return build.version === version ? build.handlers : [];
  }

  async function respond(
    asset: Asset,
    asked: AssetRequest,
    { cacheControl, prefix, id, version }: { cacheControl: string; prefix: string; id: number; version: string },
  ): Promise<WholeResponse> {
    const html = isHtml(asset.mimeType);
    if (html && asked.request.headers.get("sec-fetch-dest") === "iframe")
      return frame.page(asset.bytes, `${originOf(asked)}${prefix}/`, await handlersOf(id, version).catch(() => []));
    const etag = `"${asset.sha256.slice(0, 32)}"`;
    const isKnown = asked.request.headers.get("if-none-match")?.includes(etag) === true;
    return foreignAsset(new Uint8Array(asset.bytes), {
      contentType: asset.mimeType,
      // What is a page in a frame is a download elsewhere, so neither is kept.
      cacheControl: html ? "no-store" : cacheControl,
      etag,
      isKnown,
    });
  }

  const cleanPath = (path: string): string => {
    const clean = assetPath(path);
    if (!clean) throw notFound("Asset");
    return clean;
  };

  /** The file as the running process has it now, without a version: revalidated each time. */
  async function latest(plugin: Plugin, path: string, asked: AssetRequest): Promise<WholeResponse> {
    const clean = cleanPath(path);
    const { version } = await builds.current(plugin);
    const asset = await builds.get(plugin, version, clean);
    return respond(asset, asked, { cacheControl: "private, no-cache", prefix: prefixOf(plugin.id, version), id: plugin.id, version });
  }

  return {
    /** Address of a file of one build. */
    urlOf: (id: number, version: string, path: string): string =>
      `${prefixOf(id, version)}${path.split("/").map(encodeURIComponent).join("/")}`,
    /** Address of the frame in which elements of one build run. */
    frameUrlOf: (id: number, version: string, tag: string): string =>
      `/plugin-frame/${id}/${version}/${sign(id, version)}?tag=${encodeURIComponent(tag)}`,

    async immutable(
      { id, version, signature, path }: { id: number; version: string; signature: string; path: string },
      asked: AssetRequest,
    ) {
      verify(id, version, signature);
      const clean = cleanPath(path);
      const asset = builds.cached(id, version, clean) ?? (await builds.get(await activePlugin(id), version, clean));
      return respond(asset, asked, { cacheControl: `public, max-age=${year}, immutable`, prefix: prefixOf(id, version), id, version });
    },

    /** A font of the product for frames. */
    font: frame.font,

    async frame(
      { id, version, signature }: { id: number; version: string; signature: string },
      asked: AssetRequest,
    ): Promise<WholeResponse> {
      verify(id, version, signature);
      // The frame of a plugin that is just not there opens all the same; its script then fails with a sentence.
      const handlers = await handlersOf(id, version).catch(() => []);
      return frame.respond(`${originOf(asked)}${prefixOf(id, version)}/`, handlers);
    },

    async admin(id: number, path: string, asked: AssetRequest): Promise<WholeResponse> {
      return latest(await activePlugin(id), path, asked);
    },

    /** Only of plugins with a portal page that the person may see; administrators have no way around the groups here. */
    async portal(actor: Actor, id: number, path: string, asked: AssetRequest): Promise<WholeResponse> {
      const plugin = await activePlugin(id);
      if (!seesPortalOf(plugin, await store.groupNames(actor.userId)))
        throw new AppError({ code: "forbidden", message: "This plugin has no portal page that your groups may use." });
      return latest(plugin, path, asked);
    },
  };
}
export type Assets = ReturnType<typeof createAssets>;
