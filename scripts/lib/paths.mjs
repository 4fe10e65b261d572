import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout, without a trailing slash. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const buildDir = join(root, ".build");
export const binDir = join(root, "node_modules", ".bin");
/** The pinned Node that the lockfile installs. */
export const pinnedNode = join(root, "node_modules", "node", "bin", "node");

/** The environment of everything that runs in this checkout: its own tools come first on PATH. */
export function toolEnv(extra = {}) {
  const path = (process.env.PATH ?? "").split(":").filter((dir) => dir && dir !== binDir);
  return { ...process.env, PATH: [binDir, ...path].join(":"), ...extra };
}

/** The environment for npm itself, which must not run on the Node inside the folder it replaces. */
export function systemEnv(extra = {}) {
  const path = (process.env.PATH ?? "")
    .split(":")
    .filter((dir) => dir && !/node_modules[/\\]\.bin$/.test(dir) && !/node-gyp-bin$/.test(dir));
  return { ...process.env, PATH: path.join(":"), ...extra };
}
