import { createHash } from "node:crypto";
import { posix } from "node:path";
import { Script } from "node:vm";
import { AppError, notFound } from "@portico/core";
import type { PluginHost, RunningPlugin } from "@portico/plugin-host";
import type { Json } from "../catalog/json.ts";
import { routesOf, storedManifest } from "../catalog/manifest.ts";
import type { Plugin } from "../catalog/store.ts";
import { inlineHandlers } from "./frame/handlers.ts";

const assetTimeoutMs = 10_000;
const maxFiles = 300;
const maxHashedBytes = 24 * 1024 * 1024;
const maxCachedBytes = 64 * 1024 * 1024;
/** Of an answer around the asset in it. */
const overheadBytes = 64 * 1024;
/** Their hashes are in a header. */
const maxHandlers = 60;
const maxAssetBytes = 16 * 1024 * 1024;

export type Asset = { bytes: Buffer; mimeType: string; sha256: string };

/** The files that a running process serves, as they were when they were first asked for. */
export type Build = {
  version: string;
  sha256: Map<string, string>;
  entries: Map<string, Entry>;
  /** Policy sources of the inline event handlers in its scripts and pages. */
  handlers: string[];
};
export type Entry = { integrity: string; type: "classic" | "module" };

const sha256 = (bytes: Buffer | string) => createHash("sha256").update(bytes).digest("hex");

/** `/ui/app.js` for every spelling of it; undefined for a path that leaves the plugin's files or is none. */
export function assetPath(path: string): string | undefined {
  const clean = path.startsWith("/") ? path : `/${path}`;
  if (clean.length > 500 || clean.endsWith("/") || /[\\\p{Cc}]/u.test(clean)) return undefined;
  return posix.normalize(clean) === clean && !clean.split("/").includes("..") ? clean : undefined;
}

/** A module is what does not compile as a classic script. The code is not run. */
function scriptType(path: string, source: string): Entry["type"] {
  if (path.endsWith(".mjs")) return "module";
  try {
    new Script(source);
    return "classic";
  } catch {
    return "module";
  }
}

/** Files of plugins: read from their processes once, and kept (bounded) under the version they belong to. */
export function createBuilds({ host }: { host: PluginHost }) {
  const builds = new WeakMap<RunningPlugin, { generation: number; manifest: Json; build: Promise<Build> }>();
  const cache = new Map<string, Asset>();
  let cachedBytes = 0;

  const keyOf = (id: number, version: string, path: string) => `${id} ${version} ${path}`;

  function keep(key: string, asset: Asset): void {
    if (cache.has(key)) return;
    cache.set(key, asset);
    cachedBytes += asset.bytes.length;
    for (const [oldest, { bytes }] of cache) {
      if (cachedBytes <= maxCachedBytes) break;
      cache.delete(oldest);
      cachedBytes -= bytes.length;
    }
  }

  function cached(key: string): Asset | undefined {
    const asset = cache.get(key);
    if (!asset) return undefined;
    // Moved to the end: the least recently used is dropped first.
    cache.delete(key);
    cache.set(key, asset);
    return asset;
  }

  async function fetchAsset(process: RunningPlugin, path: string): Promise<Asset> {
    const answer = await process.call(
      "getAsset",
      { assetPath: path },
      { timeoutMs: assetTimeoutMs, maxBytes: maxAssetBytes + overheadBytes },
    );
    if (!answer.success) throw notFound(`Asset ${path}`);
    if (answer.content.length > maxAssetBytes) throw new AppError({ code: "plugin_failed", message: `The asset ${path} is too large.` });
    return { bytes: answer.content, mimeType: answer.mimeType, sha256: sha256(answer.content) };
  }

  async function listed(process: RunningPlugin): Promise<string[]> {
    try {
      const { success, assets } = await process.call("listAssets", { pathPrefix: "" }, { timeoutMs: assetTimeoutMs });
      return success ? assets.map(({ path }) => path) : [];
    } catch {
      return [];
    }
  }

  async function read(process: RunningPlugin, plugin: Plugin): Promise<Build> {
    const manifest = storedManifest(plugin.manifest);
    const routes = manifest ? routesOf(manifest) : [];
    const entryPaths = new Set(routes.flatMap(({ entryPoint }) => assetPath(entryPoint) ?? []));
    const icons = routes.flatMap(({ mountConfig }) => (typeof mountConfig.icon === "string" ? [mountConfig.icon] : []));
    const wanted = [...entryPaths, ...icons, ...(manifest?.assets ?? []), ...(await listed(process))];
    const paths = [...new Set(wanted.flatMap((path) => assetPath(path) ?? []))].slice(0, maxFiles);
    const files = new Map<string, Asset>();
    let bytes = 0;
    for (const path of paths) {
      if (bytes > maxHashedBytes) break;
      const asset = await fetchAsset(process, path).catch((error) => {
        if (error instanceof AppError && (error.code === "not_found" || error.code === "plugin_failed")) return undefined;
        throw error;
      });
      if (!asset) continue;
      bytes += asset.bytes.length;
      files.set(path, asset);
    }
    const hashes = new Map([...files].map(([path, asset]) => [path, asset.sha256] as const).sort());
    const version = sha256(JSON.stringify([plugin.manifest, plugin.generation, [...hashes]])).slice(0, 32);
    const entries = new Map<string, Entry>();
    for (const [path, asset] of files) {
      keep(keyOf(plugin.id, version, path), asset);
      if (!entryPaths.has(path)) continue;
      const integrity = `sha384-${createHash("sha384").update(asset.bytes).digest("base64")}`;
      entries.set(path, { integrity, type: scriptType(path, asset.bytes.toString("utf8")) });
    }
    const texts = [...files].flatMap(([path, { bytes }]) => (/\.(?:m?js|html?)$/.test(path) ? [bytes.toString("utf8")] : []));
    return { version, sha256: hashes, entries, handlers: [...new Set(texts.flatMap(inlineHandlers))].slice(0, maxHandlers) };
  }

  /** @throws AppError plugin_unavailable, plugin_timeout. */
  function current(plugin: Plugin): Promise<Build> {
    const process = host.require(plugin.id);
    const known = builds.get(process);
    if (known && known.generation === plugin.generation && known.manifest === plugin.manifest) return known.build;
    const same = known && known.generation === plugin.generation && JSON.stringify(known.manifest) === JSON.stringify(plugin.manifest);
    const build = same ? known.build : read(process, plugin);
    builds.set(process, { generation: plugin.generation, manifest: plugin.manifest, build });
    build.catch(() => builds.delete(process));
    return build;
  }

  function isAllowed(plugin: Plugin, build: Build, path: string): boolean {
    const manifest = storedManifest(plugin.manifest);
    const listedPaths = manifest?.assets ?? [];
    if (listedPaths.length === 0 || build.entries.has(path)) return true;
    const icons = (manifest ? routesOf(manifest) : []).map(({ mountConfig }) => mountConfig.icon);
    return [...listedPaths, ...icons].some((one) => {
      if (typeof one !== "string") return false;
      const folder = one.replace(/\*+$/, "");
      if (folder !== one || one.endsWith("/")) return path.startsWith(folder.startsWith("/") ? folder : `/${folder}`);
      return assetPath(one) === path;
    });
  }

  return {
    current,
    /** A kept file of any version, also of one that has been replaced meanwhile. */
    cached: (id: number, version: string, path: string): Asset | undefined => cached(keyOf(id, version, path)),

    /** @throws AppError not_found when the file is not the plugin's to show, or the version is not the one that runs. */
    async get(plugin: Plugin, version: string, path: string): Promise<Asset> {
      const build = await current(plugin);
      if (build.version !== version || !isAllowed(plugin, build, path)) throw notFound("Asset");
      const known = cached(keyOf(plugin.id, version, path));
      if (known) return known;
      const process = host.require(plugin.id);
      const asset = await fetchAsset(process, path);
      const promised = build.sha256.get(path);
      if (promised !== undefined && promised !== asset.sha256) {
        // The files changed under the running process: this is another build from here on.
        builds.delete(process);
        throw notFound("Asset");
      }
      keep(keyOf(plugin.id, version, path), asset);
      return asset;
    },
  };
}
export type Builds = ReturnType<typeof createBuilds>;
