import { type ChildProcessByStdio, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { AppError, messageOf, withTimeout } from "@portico/core";
import type { PluginRuntime } from "@portico/protocol";
import { pluginEnvironment } from "./environment.ts";
import { type PluginAddress, parseHandshake } from "./handshake.ts";
import { createLineSplitter, createStderrParser, drain, type LogRing } from "./logs.ts";
import type { Watchdog } from "./watchdog.ts";

const maxHandshakeBytes = 8 * 1024;

export type PluginProcess = {
  readonly pid: number;
  readonly address: PluginAddress;
  /** Private folder of this process, mode 0700, for its sockets and ours. */
  readonly socketDir: string;
  /** Resolves with a sentence when the process is gone; never rejects. */
  readonly exited: Promise<string>;
  /** SIGKILL to the process and everything it started; settles when it is gone and its folder removed. */
  kill(): Promise<void>;
};

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Finds the handshake in the first line of stdout; everything after it goes to the log. */
function readHandshake(child: Child, ring: LogRing): Promise<PluginAddress> {
  return new Promise((resolve, reject) => {
    const lines = createLineSplitter((text) => ring.add("stdout", "debug", text));
    let first: Buffer | undefined = Buffer.alloc(0);
    const decide = (line: string) => {
      first = undefined;
      try {
        resolve(parseHandshake(line));
      } catch (error) {
        reject(error);
      }
    };
    drain<Buffer>(child.stdout, (chunk) => {
      if (first === undefined) {
        lines.write(chunk);
        return chunk.length;
      }
      first = Buffer.concat([first, chunk]);
      const all = first;
      const end = all.indexOf(10);
      if (end !== -1) {
        decide(all.toString("utf8", 0, end));
        lines.write(all.subarray(end + 1));
      } else if (all.length > maxHandshakeBytes) decide(all.toString("utf8"));
      return chunk.length;
    });
    child.stdout.once("end", () => lines.end());
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody is left in the group.
  }
}

/**
 * Starts an executable as a plugin and waits for its handshake. Whatever goes wrong, no process and no folder is left.
 * @throws AppError plugin_failed, plugin_timeout, or plugin_unavailable when `signal` aborts.
 */
export async function spawnPlugin({
  path,
  runtime,
  ring,
  watchdog,
  handshakeTimeoutMs,
  signal,
}: {
  path: string;
  runtime: PluginRuntime;
  ring: LogRing;
  watchdog: Watchdog;
  handshakeTimeoutMs: number;
  signal: AbortSignal;
}): Promise<PluginProcess> {
  const socketDir = await mkdtemp(join(await watchdog.dir(), "p"));
  // stdin is a pipe nobody writes to: it ends when the host is gone, which a plugin may use as its sign to leave.
  const start = (): Child =>
    spawn(path, [], {
      env: pluginEnvironment(process.env, { runtime, socketDir, nodePath: process.execPath }),
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
  let child: Child;
  try {
    child = start();
    // Out of descriptors, Node reports the error by an event and makes no pipes.
    if (!child.stdin) throw new Error("the host has too many open files");
  } catch (error) {
    await rm(socketDir, { recursive: true, force: true });
    throw new AppError({ code: "plugin_failed", message: `The plugin process could not be started: ${messageOf(error)}.`, cause: error });
  }
  child.stdin.on("error", () => {});
  const { pid } = child;
  if (pid !== undefined) watchdog.add(pid);

  const exited = new Promise<string>((resolve) => {
    child.once("exit", (code, by) =>
      resolve(by === null ? `The plugin process exited with code ${code}.` : `The plugin process was ended by ${by}.`),
    );
    child.once(
      "error",
      (error) =>
        pid === undefined &&
        resolve(`The plugin process could not be started: ${messageOf(error)}; does the interpreter of its first line exist?`),
    );
  });
  const gone = exited.then(async () => {
    if (pid !== undefined) {
      killGroup(pid);
      watchdog.remove(pid);
    }
    // Its last words are still in the pipes; a grandchild that escaped the group must not hold them for ever.
    setTimeout(() => {
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
    }, 200).unref();
    await rm(socketDir, { recursive: true, force: true }).catch(() => {});
  });
  const kill = () => {
    if (pid !== undefined) killGroup(pid);
    return gone;
  };

  let lastError = "";
  const parse = createStderrParser();
  const stderrLines = createLineSplitter((text) => {
    const line = parse(text);
    if (lastError === "" || line.level === "error") lastError = line.text.slice(0, 300);
    ring.add("stderr", line.level, line.text);
  });
  const stderrEnded = new Promise<void>((resolve) => child.stderr.once("close", resolve));
  child.stderr.once("end", () => stderrLines.end());
  drain<Buffer>(child.stderr, (chunk) => {
    stderrLines.write(chunk);
    return chunk.length;
  });

  const exitedEarly = exited.then(async (reason) => {
    await Promise.race([stderrEnded, gone.then(() => new Promise((resolve) => setTimeout(resolve, 50)))]);
    const said = lastError === "" ? "" : ` It said: ${lastError}`;
    const message = pid === undefined ? reason : `The plugin exited before the host could connect. ${reason}${said}`;
    throw new AppError({ code: "plugin_failed", message });
  });
  exitedEarly.catch(() => {});
  const aborted = new Promise<never>((_, reject) => {
    const stop = () => reject(new AppError({ code: "plugin_unavailable", message: "The plugin was stopped while it started." }));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  });
  aborted.catch(() => {});

  try {
    const late = () =>
      new AppError({
        code: "plugin_timeout",
        message: `The plugin printed no handshake within ${handshakeTimeoutMs / 1000} s of its start.`,
      });
    const address = await withTimeout(Promise.race([readHandshake(child, ring), exitedEarly, aborted]), handshakeTimeoutMs, late);
    if (pid === undefined) throw new AppError({ code: "plugin_failed", message: await exited });
    return { pid, address, socketDir, exited, kill };
  } catch (error) {
    await kill();
    throw error;
  }
}
