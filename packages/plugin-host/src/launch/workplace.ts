import { constants } from "node:fs";
import { chmod, chown, copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { basename, join } from "node:path";

/**
 * The folders of one process. The plugin owns `socketDir` and `homeDir`; everything beside them is the host's, so that a plugin
 * can exchange neither its own executable nor the sockets that the host serves and connects to.
 */
export type Workplace = {
  /** Of the host, and closed to everyone but the host and the plugin. */
  readonly dir: string;
  readonly socketDir: string;
  readonly homeDir: string;
  /** Copies a binary here. The copy can be executed by the plugin's user and changed by nobody but the host. */
  copyOf(executable: string): Promise<string>;
  remove(): Promise<void>;
};

/** `uid` is the plugin's own user, or undefined when it runs as the host's. */
export async function createWorkplace(parent: string, uid: number | undefined): Promise<Workplace> {
  const dir = await mkdtemp(join(parent, "p"));
  // Names are short because the path of a socket may have about a hundred bytes.
  const [socketDir, homeDir, codeDir] = [join(dir, "s"), join(dir, "h"), join(dir, "x")];
  for (const own of [socketDir, homeDir]) {
    await mkdir(own, { mode: 0o700 });
    if (uid !== undefined) await chown(own, uid, uid);
  }
  if (uid !== undefined) {
    await chown(dir, -1, uid);
    await chmod(dir, 0o710);
  }
  return {
    dir,
    socketDir,
    homeDir,
    async copyOf(executable) {
      await mkdir(codeDir);
      await chmod(codeDir, 0o755);
      const copy = join(codeDir, basename(executable));
      await copyFile(executable, copy, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
      await chmod(copy, 0o555);
      return copy;
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}
