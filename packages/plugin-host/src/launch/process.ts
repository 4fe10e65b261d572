import { type ChildProcessByStdio, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import { AppError, messageOf, sleep, withTimeout } from "@portico/core";
import { createLineSplitter, createStderrParser, drain, type LogRing } from "../logs.ts";
import type { Isolation } from "../types.ts";
import type { Confinement } from "./confinement.ts";
import { processMark } from "./environment.ts";
import { type Handshake, parseHandshake } from "./handshake.ts";
import type { Launched } from "./launcher.ts";
import { claimAddress } from "./listener.ts";
import { killRemains, type Mark, processesOf } from "./remains.ts";
import { oomScore } from "./view.ts";
import type { Watchdog } from "./watchdog.ts";
import type { Workplace } from "./workplace.ts";

const maxHandshakeBytes = 8 * 1024;
/** A copy that was just written is busy for as long as another child of ours, born meanwhile, has not executed its own program. */
const busyAttempts = 50;
const busyWaitMs = 20;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;
/** `exited` resolves with a sentence when the process is gone or never was; never rejects. */
type Started = { child: Child; exited: Promise<string>; wrapped: boolean };

/** Finds the handshake in the first line of stdout; everything after it goes to the log. */
function readHandshake(child: Child, ring: LogRing): Promise<Handshake> {
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
  // The process itself too, which may have left the group that it led.
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, "SIGKILL");
    } catch {
      // It has ended.
    }
  }
}

/** In namespaces a shell waits for the plugin and tells a signal by its own exit code. */
function ending(code: number | null, by: NodeJS.Signals | null, isolation: Isolation): string {
  const inner = isolation === "namespace" && code !== null && code > 128 ? code - 128 : 0;
  const signal = by ?? Object.entries(constants.signals).find(([, number]) => number === inner)?.[0];
  return signal === undefined ? `The plugin process exited with code ${code}.` : `The plugin process was ended by ${signal}.`;
}

/** At once, because the end of a process may be reported before anything else can run. */
function watchEnd(child: Child, isolation: Isolation): Promise<string> {
  return new Promise((resolve) => {
    child.once("exit", (code, by) => resolve(ending(code, by, isolation)));
    child.on("error", (error) => {
      if (child.pid === undefined)
        resolve(`The plugin process could not be started: ${messageOf(error)}; does the interpreter of its first line exist?`);
    });
  });
}

/** Starts the program; its end is watched from the first moment. */
export async function startProcess(
  { file, args }: { file: string; args: string[] },
  { confinement: { uid, cwd, isolation }, env }: { confinement: Confinement; env: NodeJS.ProcessEnv },
): Promise<Started> {
  // A program that changes the user by itself has to be started as the host's.
  const user = uid === undefined || args.length > 0 ? {} : { uid, gid: uid };
  for (let attempt = 1; ; attempt += 1) {
    try {
      // stdin is a pipe nobody writes to: it ends when the host is gone, which a plugin may use as its sign to leave.
      const child: Child = spawn(file, args, { ...user, cwd, env, stdio: ["pipe", "pipe", "pipe"], detached: true });
      // Out of descriptors, Node reports the error by an event and makes no pipes.
      if (!child.stdin) throw new Error("the host has too many open files");
      if (child.pid !== undefined) writeFile(`/proc/${child.pid}/oom_score_adj`, String(oomScore)).catch(() => {});
      return { child, exited: watchEnd(child, isolation), wrapped: args.length > 0 };
    } catch (error) {
      const busy = error instanceof Error && "code" in error && error.code === "ETXTBSY";
      if (!busy || attempt >= busyAttempts) throw error;
      await sleep(busyWaitMs);
    }
  }
}

/** A running process, with everything that belongs to it. */
export type Prepared = Started & {
  confinement: Confinement;
  workplace: Workplace;
  codeHash: string | undefined;
  mark: string;
  token: string;
};

/**
 * Waits for the handshake of a started process. Whatever goes wrong, no process and no folder is left.
 * @throws AppError plugin_failed, plugin_timeout, or plugin_unavailable when `signal` aborts.
 */
export async function awaitHandshake(
  { confinement, workplace, child, exited, wrapped, codeHash, mark: value, token }: Prepared,
  { watchdog, ring, handshakeTimeoutMs, signal }: { watchdog: Watchdog; ring: LogRing; handshakeTimeoutMs: number; signal: AbortSignal },
): Promise<Launched> {
  const { isolation, uid, note } = confinement;
  const mark: Mark = uid === undefined ? { by: "environment", name: processMark, value } : { by: "user", uid };
  if (note !== "") ring.add("host", "warn", note);
  child.stdin.on("error", () => {});
  const { pid } = child;
  if (pid !== undefined) watchdog.add(pid, { uid, mark: value });

  /** False when there are processes of the plugin that would not end; then its user is not lent again. */
  const emptied = exited.then(async () => {
    if (pid === undefined) return true;
    killGroup(pid);
    const empty = await killRemains(mark);
    if (empty) watchdog.remove(pid);
    else ring.add("host", "error", "Processes that the plugin started could not be ended.");
    // Its last words are still in the pipes; a process that escaped must not hold them for ever.
    setTimeout(() => {
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
    }, 200).unref();
    return empty;
  });
  const gone = emptied.then(async (empty) => {
    await workplace.remove().catch(() => {});
    if (empty) confinement.release();
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

  const diagnose = () => (lastError === "" ? "" : `It said: ${lastError}`);

  const exitedEarly = exited.then(async (reason) => {
    await Promise.race([stderrEnded, gone.then(() => new Promise((resolve) => setTimeout(resolve, 50)))]);
    const said = lastError === "" ? "" : ` ${diagnose()}`;
    // The codes by which a shell and its like say that they could not execute what they were given.
    const neverRan = wrapped && /code 12[67]\b/.test(reason);
    const message =
      pid === undefined
        ? reason
        : neverRan
          ? `The plugin process could not be started; does the interpreter of its first line exist?${said}`
          : `The plugin exited before the host could connect. ${reason}${said}`;
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
    const said = await withTimeout(Promise.race([readHandshake(child, ring), exitedEarly, aborted]), handshakeTimeoutMs, late);
    if (pid === undefined) throw new AppError({ code: "plugin_failed", message: await exited });
    const address = await claimAddress(said.address, {
      socketDir: workplace.socketDir,
      ownDir: workplace.dir,
      uid: uid ?? process.geteuid?.() ?? 0,
      processes: () => processesOf(mark),
    });
    return {
      address,
      takesDirectCalls: said.takesDirectCalls,
      callback: { dir: workplace.dir, uid, token: said.carriesToken ? token : undefined },
      process: { pid, codeHash, isolation, note },
      exited,
      kill,
      diagnose,
    };
  } catch (error) {
    await kill();
    throw error;
  }
}
