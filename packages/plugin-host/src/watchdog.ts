import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A unix socket path has at most 103 bytes on some systems; ours needs about 45 below this folder. */
const maxBaseChars = 50;

/**
 * Reads `+ pid` and `- pid` lines. Its stdin ends when the host ends, however it ended; then every process group still listed is
 * killed and the folder of sockets removed.
 */
const script = `
trap '' INT TERM HUP
pids=""
while read -r op pid; do
  case $op in
    +) pids="$pids $pid" ;;
    -) left=""; for p in $pids; do [ "$p" = "$pid" ] || left="$left $p"; done; pids=$left ;;
  esac
done
for p in $pids; do kill -KILL -"$p" 2>/dev/null; done
rm -rf -- "$1"
`;

/** What must not outlive the host: its plugin processes and the folder of their sockets. */
export type Watchdog = {
  /** Private folder (mode 0700) of this host, made on first use. */
  dir(): Promise<string>;
  /** Leads a process group that is to be killed when the host ends. Call `dir` before. */
  add(pid: number): void;
  remove(pid: number): void;
  close(): Promise<void>;
};

/** A tiny process that outlives a killed host just long enough to leave no plugin and no socket behind. */
export function createWatchdog(): Watchdog {
  const pids = new Set<number>();
  let dir: Promise<string> | undefined;
  let dirPath = "";
  let child: ChildProcess | undefined;

  function start(): ChildProcess {
    const started = spawn("/bin/sh", ["-c", script, "portico-plugin-watchdog", dirPath], {
      stdio: ["pipe", "ignore", "ignore"],
      // Its own session, so that Ctrl-C in a terminal does not take it before the host.
      detached: true,
      cwd: "/",
      env: { PATH: "/usr/bin:/bin" },
    });
    started.on("error", () => {});
    started.stdin?.on("error", () => {});
    started.once("exit", () => {
      if (child === started) child = undefined;
    });
    // Waiting for it must never be what keeps the host alive.
    started.unref();
    for (const pid of pids) started.stdin?.write(`+ ${pid}\n`);
    return started;
  }

  return {
    dir() {
      dir ??= mkdtemp(join(tmpdir().length > maxBaseChars ? "/tmp" : tmpdir(), "portico-")).then((made) => {
        dirPath = made;
        return made;
      });
      return dir;
    },
    add(pid) {
      pids.add(pid);
      if (child) child.stdin?.write(`+ ${pid}\n`);
      else child = start();
    },
    remove(pid) {
      pids.delete(pid);
      child?.stdin?.write(`- ${pid}\n`);
    },
    async close() {
      const ending = child;
      child = undefined;
      if (ending?.pid !== undefined && ending.exitCode === null && ending.signalCode === null) {
        const exited = new Promise<void>((resolve) => ending.once("exit", () => resolve()));
        ending.ref();
        ending.stdin?.end();
        await exited;
      }
      const made = await dir;
      if (made !== undefined) await rm(made, { recursive: true, force: true });
    },
  };
}
