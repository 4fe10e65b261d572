import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { buildDir, root } from "./paths.mjs";

const skipped = new Set(["node_modules", ".next", "dist", "generated", ".data", "test-results"]);

/** Every file below `path` (itself, if it is one) that can change what is built: no tests, nothing generated. */
export function* inputFiles(path) {
  if (!existsSync(path)) return;
  if (statSync(path).isFile()) {
    yield path;
    return;
  }
  for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith(".") || skipped.has(entry.name) || /\.test\.[cm]?[jt]sx?$/.test(entry.name)) continue;
    if (entry.isDirectory()) yield* inputFiles(join(path, entry.name));
    else if (entry.isFile()) yield join(path, entry.name);
  }
}

export function hashOf(paths, extra = "") {
  const hash = createHash("sha256").update(extra);
  for (const path of paths)
    for (const file of inputFiles(join(root, path)))
      hash
        .update(`${relative(root, file)}\0`)
        .update(readFileSync(file))
        .update("\0");
  return hash.digest("hex");
}

/** Remembers which inputs a step was last completed for. */
export function stamp(name) {
  const file = join(buildDir, `${name}.stamp`);
  return {
    matches: (hash) => existsSync(file) && readFileSync(file, "utf8") === hash,
    clear: () => rmSync(file, { force: true }),
    write(hash) {
      mkdirSync(buildDir, { recursive: true });
      writeFileSync(file, hash);
    },
  };
}
