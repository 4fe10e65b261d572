import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));
const checkout = fileURLToPath(new URL("../..", import.meta.url));

/** Unpacks the older release, with the installed packages beside it and its own packages in the place of ours. @returns its folder. */
export async function unpack(): Promise<{ dir: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), "portico-previous-"));
  await run("tar", ["xzf", join(here, "e5b96b7.tar.gz"), "-C", dir]);
  const [installed, modules] = [join(checkout, "node_modules"), join(dir, "node_modules")];
  await mkdir(join(modules, "@portico"), { recursive: true });
  for (const name of await readdir(installed)) {
    if (name !== "@portico" && !name.startsWith(".")) await symlink(join(installed, name), join(modules, name));
  }
  for (const name of await readdir(join(dir, "packages"))) await symlink(join(dir, "packages", name), join(modules, "@portico", name));
  await run(process.execPath, [join(installed, "prisma", "build", "index.js"), "generate"], {
    cwd: dir,
    env: {
      PATH: process.env.PATH,
      CHECKPOINT_DISABLE: "1",
      PRISMA_HIDE_UPDATE_MESSAGE: "1",
      // Generating needs no engine, only the name of some executable in its place.
      PRISMA_SCHEMA_ENGINE_BINARY: join(checkout, "scripts", "schema-engine.mjs"),
    },
  });
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
}
