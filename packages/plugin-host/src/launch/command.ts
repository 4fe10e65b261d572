import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, constants, realpath, stat } from "node:fs/promises";
import { isAbsolute, relative, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { AppError } from "@portico/core";

const maxCommandChars = 1024;

const refuse = (message: string) => new AppError({ code: "plugin_invalid", message, issues: [{ field: "command", message }] });

/** True when `path` is `dir` or lies below it; both absolute and free of symlinks. */
function liesIn(path: string, dir: string): boolean {
  const rest = relative(dir, path);
  return rest !== "" && rest !== ".." && !rest.startsWith("../") && !isAbsolute(rest);
}

/** People write paths after `file://`, programs write URLs: a path that is not there as it stands may be percent-encoded. */
async function pathOfFileUrl(path: string): Promise<string> {
  if (!path.includes("%") || (await stat(path).catch(() => undefined))) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * The executable a command names, with symlinks resolved so that what was checked is what runs.
 * @throws AppError plugin_invalid, one sentence.
 */
export async function resolveCommand(command: string, allowedDirs?: string[]): Promise<string> {
  if (command.trim() === "") throw refuse("The plugin command is empty.");
  if (command.length > maxCommandChars) throw refuse(`The plugin command is longer than ${maxCommandChars} characters.`);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(command)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "file")
    throw refuse(`Plugin commands of the scheme ${scheme}:// are not supported; use file:// and the path of an executable.`);
  const path = scheme === undefined ? command : await pathOfFileUrl(command.slice("file://".length));
  if (/\p{Cc}/u.test(path)) throw refuse("The plugin command contains control characters.");
  if (path.split(/[/\\]/).includes("..")) throw refuse('The plugin command must not contain "..".');

  const real = await realpath(resolve(path)).catch(() => {
    throw refuse(`The plugin command ${path} does not exist; a command is the path of one executable, without arguments.`);
  });
  if (!(await stat(real)).isFile()) throw refuse(`The plugin command ${path} is not a regular file.`);
  await access(real, constants.X_OK).catch(() => {
    throw refuse(`The plugin command ${path} is not executable.`);
  });
  if (allowedDirs !== undefined) {
    const dirs = await Promise.all(allowedDirs.map((dir) => realpath(dir).catch(() => resolve(dir))));
    if (!dirs.some((dir) => liesIn(real, dir))) throw refuse(`The plugin command ${path} lies outside the allowed plugin folders.`);
  }
  return real;
}

/** @throws AppError plugin_invalid unless the file's SHA-256 is the given hex text; "" accepts any file. */
export async function verifyChecksum(path: string, checksum: string): Promise<void> {
  const wanted = checksum
    .trim()
    .toLowerCase()
    .replace(/^sha256:/, "");
  if (wanted === "") return;
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  const actual = hash.digest("hex");
  if (actual === wanted) return;
  const message = `The checksum of the plugin executable is ${actual}, not ${wanted}.`;
  throw new AppError({ code: "plugin_invalid", message, issues: [{ field: "checksum", message }] });
}
