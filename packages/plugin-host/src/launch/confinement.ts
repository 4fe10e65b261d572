import { execFile } from "node:child_process";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { messageOf } from "@portico/core";
import type { Isolation } from "../types.ts";
import { closedFoldersAbove, needsOf, othersMayRun } from "./readable.ts";
import { createUsers } from "./users.ts";
import { viewCommand } from "./view.ts";
import type { Workplace } from "./workplace.ts";

const run = promisify(execFile);
const probeTimeoutMs = 5_000;

/** How one process is kept from the host and from other plugins. */
export type Confinement = {
  readonly isolation: Isolation;
  /** Its own user; undefined when it runs as the host's. */
  readonly uid: number | undefined;
  /** Where it starts: where the host runs, if it can be there. */
  readonly cwd: string | undefined;
  /** Why the isolation is less than it could be; "" when it is all there is. */
  readonly note: string;
  /** Program and arguments that run `executable` in it. */
  command(executable: string, workplace: Workplace): Promise<{ file: string; args: string[] }>;
  release(): void;
};

export type Confiner = {
  /** For one start of `executable`. What runs in its place, not from a copy, needs to be reached there, and so does what it imports. */
  confine(executable: string, how: { inPlace: boolean }): Promise<Confinement>;
};

/** `unshare`, `mount` and `setpriv` of util-linux, and a kernel and container that let us use them. */
async function viewsWork(user: boolean): Promise<boolean> {
  try {
    const { file, args } = viewCommand({ executable: "/bin/true", shadows: ["/tmp"], folders: [], ...(user ? { uid: 0 } : {}) });
    await run(file, args, { timeout: probeTimeoutMs });
    return true;
  } catch {
    return false;
  }
}

const direct = async (executable: string) => ({ file: executable, args: [] });

export function createConfiner({
  enabled,
  hiddenDirs,
  sharedDir,
  nodePath,
}: {
  enabled: boolean;
  /** Folders that no plugin may see; they matter where plugins run as the host's user. */
  hiddenDirs: string[];
  /** Where the folders of all plugins of this host are. */
  sharedDir: () => Promise<string>;
  nodePath: string;
}): Confiner {
  const users = enabled ? createUsers() : undefined;
  let probed: Promise<boolean> | undefined;
  const canView = () => {
    probed ??= process.platform === "linux" ? viewsWork(users !== undefined) : Promise.resolve(false);
    return probed;
  };

  const none = (note: string): Confinement => ({
    isolation: "none",
    uid: undefined,
    cwd: undefined,
    note,
    command: direct,
    release: () => {},
  });

  /** What of a script's needs other users cannot reach, or why it cannot be shown to them. */
  async function closedTo(script: string): Promise<{ shadows: string[]; folders: string[] } | { why: string }> {
    const shadows = new Set<string>();
    const folders = new Set<string>();
    for (const { file, folder } of await needsOf(script, nodePath)) {
      if (!(await othersMayRun(file))) return { why: `other users may not run ${file}` };
      const closed = await closedFoldersAbove(file);
      const inner = closed.find((one) => one === folder || one.startsWith(`${folder}/`));
      if (inner !== undefined) return { why: `other users may not enter ${inner}` };
      if (closed[0] === undefined) continue;
      shadows.add(closed[0]);
      folders.add(folder);
    }
    return { shadows: [...shadows], folders: [...folders] };
  }

  async function asOwnUser(executable: string, inPlace: boolean, lent: NonNullable<typeof users>): Promise<Confinement> {
    const closed = inPlace ? await closedTo(executable) : { shadows: [], folders: [] };
    if ("why" in closed) return none(`The plugin runs as the host's own user: ${closed.why}.`);
    const needsView = closed.shadows.length > 0;
    if (needsView && !(await canView()))
      return none(`The plugin runs as the host's own user: other users cannot reach its files in ${closed.shadows.join(" and ")}.`);
    const here = await closedFoldersAbove(join(process.cwd(), "file"));
    const uid = lent.take();
    return {
      isolation: "user",
      uid,
      cwd: here.length > 0 && !needsView ? "/" : undefined,
      note: "",
      command: async (file) => (needsView ? viewCommand({ executable: file, uid, ...closed }) : direct(file)),
      release: () => lent.give(uid),
    };
  }

  async function inNamespaces(executable: string, inPlace: boolean): Promise<Confinement> {
    const needs = inPlace ? (await needsOf(executable, nodePath)).map(({ folder }) => folder) : [];
    const shadows = [homedir(), await sharedDir(), ...hiddenDirs].filter((dir) => dir !== "/");
    return {
      isolation: "namespace",
      uid: undefined,
      cwd: undefined,
      note: "",
      command: async (file, workplace) => viewCommand({ executable: file, shadows, folders: [...needs, dirname(file), workplace.dir] }),
      release: () => {},
    };
  }

  return {
    async confine(executable, { inPlace }) {
      if (!enabled) return none("The plugin runs as the host's own user: isolation is switched off.");
      try {
        if (users) return await asOwnUser(executable, inPlace, users);
        if (await canView()) return await inNamespaces(executable, inPlace);
      } catch (error) {
        return none(`The plugin runs as the host's own user: ${messageOf(error)}.`);
      }
      return none("The plugin runs as the host's own user: this system lets the host neither change users nor make namespaces.");
    },
  };
}
