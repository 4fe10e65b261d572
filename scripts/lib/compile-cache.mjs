import { lstatSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildDir } from "./paths.mjs";

const preload = new URL("./compile-cache-preload.mjs", import.meta.url).href;

/**
 * What makes a process of ours keep its compiled code and start with it again. Not NODE_COMPILE_CACHE: plugins inherit the environment of
 * their host, and whoever writes to this folder chooses what the process executes. Nor may they inherit one that is the user's.
 */
export function compileCache(name, dir = join(buildDir, "compile-cache")) {
  const own = join(dir, name);
  const usable = [dirname(own), own].every(isPrivate);
  return {
    args: usable ? [`--import=${preload}`] : [],
    env: { NODE_COMPILE_CACHE: undefined, PORTICO_COMPILE_CACHE: usable ? own : undefined },
  };
}

/** Makes the folder if need be. False when somebody else can write to it, or could: then there is simply no cache. */
function isPrivate(dir) {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const found = lstatSync(dir);
    return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
  } catch {
    return false;
  }
}
