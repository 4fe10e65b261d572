import { spawn } from "node:child_process";
import { explainOutput, Interrupted, Stop } from "./stop.mjs";

// The reaper outlives us: when this process is killed outright its end of the pipe closes, and the reaper then stops what was
// registered, newest first, each with a deadline. It is a shell because it must cost nothing and depend on nothing.
const reaperScript = `
trap '' INT TERM HUP
alive() {
  kill -0 "$1" 2>/dev/null || return 1
  [ -r "/proc/$1/stat" ] || return 0
  read -r line < "/proc/$1/stat" || return 1
  case "$line" in *") Z "*) return 1 ;; esac
}
entries=""
while read -r op pid sig secs; do
  case "$op" in
    add) entries="$pid:$sig:$secs $entries" ;;
    del) kept=""; for e in $entries; do case "$e" in "$pid":*) ;; *) kept="$kept$e " ;; esac; done; entries="$kept" ;;
  esac
done
for e in $entries; do
  pid=\${e%%:*}; rest=\${e#*:}; sig=\${rest%%:*}; secs=\${rest##*:}
  kill -s "$sig" "$pid" 2>/dev/null
  n=$((secs * 10))
  while [ "$n" -gt 0 ] && alive "$pid"; do sleep 0.1; n=$((n - 1)); done
  kill -s KILL -- "-$pid" 2>/dev/null
done
`;

/**
 * Keeps every process we start: each in a group of its own, stopped newest first, none left behind even when we are killed.
 * @returns {import("./children.mjs").Children}
 */
export function createChildren() {
  /** @type {import("./children.mjs").Child[]} */
  const running = [];
  let reaper;
  let stopping = false;

  function tellReaper(line) {
    if (!reaper) {
      reaper = spawn("/bin/sh", ["-c", reaperScript], { stdio: ["pipe", "ignore", "ignore"], detached: true, cwd: "/" });
      reaper.on("error", () => {});
      reaper.stdin.on("error", () => {});
      reaper.unref();
      reaper.stdin.unref?.();
    }
    reaper.stdin.write(`${line}\n`);
  }

  function start(command, args, options = {}) {
    if (stopping) throw new Interrupted();
    const { name = command, stopSignal = "SIGTERM", signalGroup = false, deadlineMs = 10_000, onLine, secrets, ...spawnOptions } = options;
    if (secrets) {
      spawnOptions.stdio = ["ignore", "pipe", "pipe", "pipe"];
      spawnOptions.env = { ...(spawnOptions.env ?? process.env), PORTICO_SECRETS_FD: "3" };
    }
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...spawnOptions, detached: true });
    // A process that ends before it has read them says why by itself.
    child.stdio[3]?.on("error", () => {}).end(JSON.stringify(secrets));
    const entry = {
      name,
      pid: child.pid ?? 0,
      child,
      /** Set once somebody asked it to stop, so that its end is no surprise. */
      stopping: false,
      exited: new Promise((resolve) => {
        let ended = false;
        const end = (code, signal, error) => {
          if (ended) return;
          ended = true;
          const index = running.indexOf(entry);
          if (index >= 0) running.splice(index, 1);
          // Whatever it left in its group would otherwise go on without an owner.
          if (entry.pid) {
            signalTo(-entry.pid, "SIGKILL");
            tellReaper(`del ${entry.pid}`);
          }
          resolve({ code, signal, error });
        };
        child.once("error", (error) => end(null, null, error));
        child.once("exit", (code, signal) => end(code, signal));
      }),
      async stop(withinMs = deadlineMs) {
        entry.stopping = true;
        if (!running.includes(entry)) return entry.exited;
        signalTo(signalGroup ? -entry.pid : entry.pid, stopSignal);
        const late = setTimeout(() => signalTo(-entry.pid, "SIGKILL"), withinMs);
        const result = await entry.exited;
        clearTimeout(late);
        return result;
      },
    };
    if (onLine) {
      splitLines(child.stdout, (line) => onLine(line, "stdout"));
      splitLines(child.stderr, (line) => onLine(line, "stderr"));
    }
    if (entry.pid) {
      running.push(entry);
      tellReaper(`add ${entry.pid} ${stopSignal.replace(/^SIG/, "")} ${Math.ceil(deadlineMs / 1000)}`);
    }
    return entry;
  }

  return {
    start,
    /** Runs a program to its end; a failure is a Stop with its last lines. Resolves to its output lines (the last 2,000). */
    async run(command, args, { doing, onLine, quietFailure = false, ...options } = {}) {
      const lines = [];
      const errors = [];
      const entry = start(command, args, {
        signalGroup: true,
        deadlineMs: 5_000,
        ...options,
        onLine(line, stream) {
          const shown = onLine ? onLine(line, stream) : line;
          if (shown === null) return;
          lines.push(line);
          if (stream === "stderr") errors.push(line);
          if (lines.length > 2_000) lines.shift();
          if (errors.length > 2_000) errors.shift();
        },
      });
      const closed = new Promise((resolve) => entry.child.once("close", resolve).once("error", resolve));
      const { code, signal, error } = await entry.exited;
      // Its output ends with it; a grandchild that keeps the pipe open must not keep us.
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
      if (code === 0) return lines;
      if (stopping || entry.stopping) throw new Interrupted();
      const ending = error ? error.message : signal ? `was ended by ${signal}` : `ended with code ${code}`;
      const reason = explainOutput([...lines, error?.message ?? ""]);
      throw new Stop(reason ? `${doing ?? command} failed: ${reason}` : `${doing ?? command} failed (${ending}).`, {
        detail: quietFailure ? [] : lines.slice(-30),
        cause: error,
      });
    },
    /** Stops everything, newest first. A second call while one is under way kills at once. */
    async stopAll(onStop = () => {}) {
      if (stopping) {
        for (const entry of [...running].reverse()) signalTo(-entry.pid, "SIGKILL");
        return;
      }
      stopping = true;
      for (const entry of [...running].reverse()) {
        onStop(entry.name);
        await entry.stop();
      }
      reaper?.stdin.end();
    },
    get stopping() {
      return stopping;
    },
  };
}

function signalTo(pid, signal) {
  if (!pid) return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended already.
  }
}

/** Calls back with each line of a stream; a line longer than 64 KB comes in pieces. */
export function splitLines(stream, onLine) {
  if (!stream) return;
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk) => {
    const parts = (rest + chunk).split(/\r?\n/);
    rest = parts.pop() ?? "";
    for (const line of parts) onLine(line);
    if (rest.length > 65_536) {
      onLine(rest);
      rest = "";
    }
  });
  stream.on("end", () => {
    if (rest) onLine(rest);
    rest = "";
  });
  stream.on("error", () => {});
}
