import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { extname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const mimeTypes: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".gif": "image/gif",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".mjs": "text/javascript; charset=utf-8",
  ".otf": "font/otf",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".ttf": "font/ttf",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webp": "image/webp",
  ".woff": "font/woff",
  ".woff2": "font/woff2",
};

/** The media type of a file by its extension; unknown ones are `application/octet-stream`. */
export const mimeTypeOf = (path: string): string => mimeTypes[extname(path).toLowerCase()] ?? "application/octet-stream";

/** Largest file served, in bytes: more does not fit into one message of every host. */
const maxAssetBytes = 4 * 1024 * 1024 - 64 * 1024;

/** A file of the plugin. */
export type Asset = { content: Buffer; mimeType: string };

/**
 * Serves the files of one folder. A leading `/` and a leading `ui/` or `assets/` may be left out of a path or given;
 * hidden files and everything outside the folder, by `..` or by symlink, do not exist.
 */
export function createAssets(folder: URL | string) {
  const root = resolve(folder instanceof URL || folder.startsWith("file:") ? fileURLToPath(folder) : folder);

  async function locate(path: string): Promise<string | undefined> {
    if (path.includes("\0") || path.includes("\\")) return undefined;
    const parts = path.split("/").filter((part) => part !== "");
    if (parts.length === 0 || parts.some((part) => part.startsWith("."))) return undefined;
    const shortened = parts[0] === "ui" || parts[0] === "assets" ? [parts, parts.slice(1)] : [parts];
    for (const candidate of shortened) {
      try {
        const [file, base] = await Promise.all([realpath(join(root, ...candidate)), realpath(root)]);
        if (file.startsWith(base + sep) && (await stat(file)).isFile()) return file;
      } catch {
        // Not there: the next candidate, or nothing.
      }
    }
    return undefined;
  }

  return {
    /** Throws an error naming the path when there is no such file or it is too large to send. */
    async get(path: string): Promise<Asset> {
      const file = await locate(path);
      if (file === undefined) throw new Error(`There is no asset ${JSON.stringify(path.slice(0, 200))}. Was the plugin's UI built?`);
      const { size } = await stat(file);
      if (size > maxAssetBytes)
        throw new Error(`The asset ${JSON.stringify(path)} has ${size} bytes; at most ${maxAssetBytes} can be sent.`);
      return { content: await readFile(file), mimeType: mimeTypeOf(file) };
    },
    /** Every file whose path, with a leading `/`, starts with the prefix. */
    async list(prefix: string): Promise<{ path: string; mimeType: string; size: number }[]> {
      const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
      const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
      const listed = await Promise.all(
        files.map(async (file) => ({
          path: `/${relative(root, file).split(sep).join("/")}`,
          mimeType: mimeTypeOf(file),
          size: (await stat(file)).size,
        })),
      );
      return listed.filter(({ path }) => path.startsWith(prefix) && !path.includes("/."));
    },
  };
}
export type Assets = ReturnType<typeof createAssets>;
