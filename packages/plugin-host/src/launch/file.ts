import { randomBytes } from "node:crypto";
import { stat } from "node:fs/promises";
import { AppError, messageOf } from "@portico/core";
import type { PluginRuntime } from "@portico/protocol";
import { type Code, codeHashOf, isScript, prepareCode } from "./code.ts";
import { resolveCommand } from "./command.ts";
import type { Confinement, Confiner } from "./confinement.ts";
import { pluginEnvironment } from "./environment.ts";
import type { Launcher } from "./launcher.ts";
import { awaitHandshake, type Prepared, startProcess } from "./process.ts";
import type { Watchdog } from "./watchdog.ts";
import { createWorkplace, type Workplace } from "./workplace.ts";

export type FileLauncherOptions = {
  runtime: PluginRuntime;
  watchdog: Watchdog;
  confiner: Confiner;
  /** Refuses to start what cannot be isolated. */
  isolationRequired: boolean;
  passEnvironment?: string[] | undefined;
  /** Folders an executable must lie in; undefined allows every folder. */
  allowedDirs?: string[] | undefined;
};

/** Launches executables of this machine, each confined and in folders of its own. */
export function createFileLauncher(options: FileLauncherOptions): Launcher {
  const { runtime, watchdog, confiner, isolationRequired, passEnvironment, allowedDirs } = options;

  /** Everything up to a running process. Nothing is left of a start that fails. */
  async function start(code: Code): Promise<Prepared> {
    const base = await watchdog.dir();
    const inPlace = !base.runsCode || (await isScript(code.path));
    const confinement: Confinement = await confiner.confine(code.path, { inPlace });
    let workplace: Workplace | undefined;
    try {
      if (isolationRequired && confinement.isolation === "none")
        throw new AppError({
          code: "plugin_failed",
          message: `The plugin was not started, because it could not be isolated. ${confinement.note}`,
        });
      workplace = await createWorkplace(base.path, confinement.uid);
      const { executable, codeHash } = await prepareCode(code, inPlace ? undefined : workplace.copyOf);
      const mark = randomBytes(16).toString("hex");
      const token = randomBytes(32).toString("base64url");
      const { socketDir, homeDir } = workplace;
      const env = pluginEnvironment(process.env, {
        runtime,
        socketDir,
        homeDir,
        nodePath: process.execPath,
        mark,
        token,
        passed: passEnvironment,
      });
      const started = await startProcess(await confinement.command(executable, workplace), { confinement, env });
      return { ...started, confinement, workplace, codeHash, mark, token };
    } catch (error) {
      confinement.release();
      await workplace?.remove();
      if (error instanceof AppError) throw error;
      throw new AppError({ code: "plugin_failed", message: `The plugin process could not be started: ${messageOf(error)}.`, cause: error });
    }
  }

  return {
    async launch({ command, checksum, codeHash, dev }, { ring, handshakeTimeoutMs }, signal) {
      const path = await resolveCommand(command, allowedDirs);
      const prepared = await start({ path, checksum, codeHash, dev });
      return awaitHandshake(prepared, { watchdog, ring, handshakeTimeoutMs, signal });
    },
    codeHash: async (command) => codeHashOf(await resolveCommand(command, allowedDirs)),
    async fingerprint(command) {
      try {
        const { dev, ino, size, mtimeMs, ctimeMs } = await stat(await resolveCommand(command, allowedDirs));
        return [dev, ino, size, mtimeMs, ctimeMs].join(":");
      } catch (error) {
        // A file that has come back, or has become executable, is a change as well.
        return messageOf(error);
      }
    },
  };
}
