import { access, open, readlink, realpath, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";

const searchable = 0o001;
const readable = 0o004;

/** From `/` to the file itself. */
function ancestry(path: string): string[] {
  const parents = [path];
  for (let at = path; dirname(at) !== at; at = dirname(at)) parents.unshift(dirname(at));
  return parents;
}

/** The folders on the way to `path` that other users cannot enter, outermost first; none when they can reach it. */
export async function closedFoldersAbove(path: string): Promise<string[]> {
  const folders = ancestry(dirname(path));
  const modes = await Promise.all(folders.map(async (folder) => (await stat(folder)).mode));
  return folders.filter((_, at) => ((modes[at] ?? 0) & searchable) === 0);
}

/** True when other users may read and execute the file, as far as its own mode says. */
export const othersMayRun = async (path: string): Promise<boolean> =>
  ((await stat(path)).mode & (readable | searchable)) === (readable | searchable);

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** The outermost folder that a script may import from: with a node_modules of its own, or else the one it lies in. */
async function projectOf(script: string): Promise<string> {
  const folders = ancestry(dirname(script)).slice(1);
  // Not all of a home because there happens to be a node_modules in it.
  for (const folder of folders) if (folder !== homedir() && (await exists(join(folder, "node_modules")))) return folder;
  return dirname(script);
}

/** The interpreter that the first line of a script names by its path, as written and with links resolved. */
async function interpretersOf(script: string): Promise<string[]> {
  const file = await open(script);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
    const named = /^#!\s*(\S+)/.exec(buffer.toString("utf8", 0, bytesRead))?.[1] ?? "";
    if (!isAbsolute(named) || !(await exists(named))) return [];
    const link = await readlink(named).catch(() => undefined);
    return [named, ...(link !== undefined && isAbsolute(link) ? [link] : []), await realpath(named)];
  } finally {
    await file.close();
  }
}

/** Files that a script needs to start, and for each the folder that belongs with it: its imports, an installation of its interpreter. */
export async function needsOf(script: string, nodePath: string): Promise<{ file: string; folder: string }[]> {
  const interpreters = [...(await interpretersOf(script)), await realpath(nodePath)];
  return [
    { file: script, folder: await projectOf(script) },
    // bin/node, bin/python3: what they load lies beside `bin`.
    ...interpreters.map((file) => ({ file, folder: dirname(dirname(file)) })),
  ];
}
