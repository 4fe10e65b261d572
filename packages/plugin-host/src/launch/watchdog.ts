import { type ChildProcess, spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { type BaseDir, makeBaseDir } from "./base-dir.ts";
import { processMark } from "./environment.ts";

/**
 * Reads `+ pid uid mark` and `- pid` lines; uid is `-` for a plugin without a user of its own. Its stdin ends when the host ends,
 * however it ended; then every process group still listed is killed, with what left it, and the folder of sockets removed.
 */
const script = `
trap '' INT TERM HUP
entries=""
while read -r op pid uid mark; do
  case $op in
    +) entries="$entries $pid:$uid:$mark" ;;
    -) left=""; for e in $entries; do [ "\${e%%:*}" = "$pid" ] || left="$left $e"; done; entries=$left ;;
  esac
done
for e in $entries; do kill -KILL -"\${e%%:*}" 2>/dev/null; done
sweep() {
  if [ "$1" = - ]; then
    for f in $(grep -ls "${processMark}=$2" /proc/[0-9]*/environ); do f=\${f#/proc/}; kill -KILL "\${f%%/*}" 2>/dev/null; done
    return
  fi
  setpriv --reuid "$1" --regid "$1" --clear-groups /bin/sh -c 'kill -KILL -1' 2>/dev/null
  for d in /proc/[0-9]*; do
    while read -r key real rest; do
      [ "$key" = Uid: ] || continue
      [ "$real" = "$1" ] && kill -KILL "\${d#/proc/}" 2>/dev/null
      break
    done 2>/dev/null <"$d/status"
  done
}
for round in 1 2 3; do
  for e in $entries; do rest=\${e#*:}; sweep "\${rest%%:*}" "\${rest#*:}"; done
done
rm -rf -- "$1"
`;

/** What must not outlive the host: its plugin processes and the folder of their sockets. */
export type Watchdog = {
  /** Folder of this host, made on first use. Others may pass through it but see nothing in it. */
  dir(): Promise<BaseDir>;
  /** Leads a process group that is to be killed when the host ends, with whatever has its user or mark. Call `dir` before. */
  add(pid: number, kin: { uid: number | undefined; mark: string }): void;
  remove(pid: number): void;
  close(): Promise<void>;
};

/** A tiny process that outlives a killed host just long enough to leave no plugin and no socket behind. */
export function createWatchdog(): Watchdog {
  const pids = new Map<number, string>();
  let dir: Promise<BaseDir> | undefined;
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
    for (const line of pids.values()) started.stdin?.write(line);
    return started;
  }

  return {
    dir() {
      dir ??= makeBaseDir().then((made) => {
        dirPath = made.path;
        return made;
      });
      return dir;
    },
    add(pid, { uid, mark }) {
      const line = `+ ${pid} ${uid ?? "-"} ${mark}\n`;
      pids.set(pid, line);
      if (child) child.stdin?.write(line);
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
      if (made !== undefined) await rm(made.path, { recursive: true, force: true });
    },
  };
}
