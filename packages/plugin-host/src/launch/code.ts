import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readdir, readlink, realpath, stat } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { AppError } from "@portico/core";
import { verifyChecksum } from "./command.ts";

/** A folder with more than this is not the plugin's own (a `bin` folder, a home): then only the script itself counts. */
const maxFiles = 2_000;
const maxBytes = 64 * 1024 * 1024;
const scriptExtensions = new Set([".cjs", ".cts", ".js", ".mjs", ".mts", ".php", ".pl", ".py", ".rb", ".sh", ".ts"]);
/** Installed dependencies, version control, and what interpreters write by themselves. */
const notPartOfIt = new Set(["node_modules", ".git", ".venv", "__pycache__"]);

/** True when an interpreter runs the file, so that its neighbours are code as well. */
export async function isScript(path: string): Promise<boolean> {
  if (scriptExtensions.has(extname(path).toLowerCase())) return true;
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.toString("latin1", 0, bytesRead) === "#!";
  } finally {
    await file.close();
  }
}

export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** One line of what a folder is hashed from; JSON, so that no name can pass for two. */
const addTo = (hash: Hash, ...parts: string[]) => hash.update(`${JSON.stringify(parts)}\n`);

/** Hash over names and contents below `folder`; undefined when there is more than the bounds allow. */
async function hashFolder(folder: string): Promise<string | undefined> {
  const hash = createHash("sha256");
  let files = 0;
  let bytes = 0;
  const waiting = [""];
  for (let inner = waiting.pop(); inner !== undefined; inner = waiting.pop()) {
    const entries = await readdir(join(folder, inner), { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (notPartOfIt.has(entry.name)) continue;
      const name = inner === "" ? entry.name : `${inner}/${entry.name}`;
      const path = join(folder, name);
      files += 1;
      if (files > maxFiles) return undefined;
      if (entry.isDirectory()) waiting.push(name);
      if (entry.isSymbolicLink()) addTo(hash, "link", name, await readlink(path));
      const found = entry.isFile() || entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : undefined;
      if (!found?.isFile()) continue;
      bytes += found.size;
      if (bytes > maxBytes) return undefined;
      addTo(hash, "file", name, await hashFile(path));
    }
  }
  return hash.digest("hex");
}

/**
 * SHA-256, in hex, of the code that runs when `path` is executed: of a binary the file, of a script its folder without the installed
 * dependencies.
 */
export async function codeHashOf(path: string): Promise<string> {
  const real = await realpath(path);
  if (!(await isScript(real))) return hashFile(real);
  return (await hashFolder(dirname(real))) ?? hashFile(real);
}

/** @throws AppError plugin_invalid when `actual` is not what was approved. */
export function requireApprovedCode(actual: string, approved: string): void {
  if (actual === approved.trim().toLowerCase()) return;
  const message = "The plugin's code has changed since it was approved. Review it and approve it again.";
  throw new AppError({ code: "plugin_invalid", message, issues: [{ field: "command", message }] });
}

/** What is to be run, and how it is known to be the right thing. */
export type Code = { path: string; checksum: string; codeHash?: string | undefined; dev?: boolean | undefined };

/**
 * Makes sure of the code right before it runs. With `copy` (a binary) it is copied first and the copy is what is checked and run, so
 * that nobody can exchange it in between; a script is run where it lies, because it imports what lies beside it.
 * @throws AppError plugin_invalid when it is not what was approved.
 */
export async function prepareCode(
  { path, checksum, codeHash, dev }: Code,
  copy: ((path: string) => Promise<string>) | undefined,
): Promise<{ executable: string; codeHash: string | undefined }> {
  const executable = copy ? await copy(path) : path;
  await verifyChecksum(executable, checksum);
  if (!copy && dev) return { executable, codeHash: undefined };
  const actual = copy ? await hashFile(executable) : await codeHashOf(executable);
  if (codeHash && !dev) requireApprovedCode(actual, codeHash);
  return { executable, codeHash: actual };
}
