import { setTimeout as sleep } from "node:timers/promises";
import { type Child, type Children, createChildren } from "../../../scripts/lib/children.mjs";
import { pinnedNode, root, toolEnv } from "../../../scripts/lib/paths.mjs";
import { freePort } from "../../../scripts/lib/postgres.mjs";

export { freePort };

/** Distinct ports of 127.0.0.1 that nobody uses at this moment. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

export type TestProcess = Child & {
  /** Everything it has written so far (the last 5,000 lines). */
  output(): string;
};

export type ProcessKeeper = {
  /**
   * Starts a TypeScript or JavaScript file of the checkout on the pinned Node.
   * @param options.wrap a command to start it through, e.g. `["taskset", "-c", "0"]`
   */
  node(file: string, options?: { args?: string[]; env?: Record<string, string>; name?: string; wrap?: string[] | undefined }): TestProcess;
  stopAll(): Promise<void>;
};

/** Starts processes that are stopped together, newest first, and do not outlive the test run even when that is killed. */
export function createProcesses(children: Children = createChildren()): ProcessKeeper {
  return {
    node(file, { args = [], env = {}, name = file, wrap = [] } = {}) {
      const lines: string[] = [];
      const [command = pinnedNode, ...rest] = [...wrap, pinnedNode, file, ...args];
      const child = children.start(command, rest, {
        name,
        cwd: root,
        env: toolEnv(env),
        onLine(line) {
          lines.push(line);
          if (lines.length > 5_000) lines.shift();
        },
      });
      return Object.assign(child, { output: () => lines.join("\n") });
    },
    stopAll: () => children.stopAll(),
  };
}

/** Resolves when `url` answers 200. Rejects, with the process' last lines, when it ends first or the time is over. */
export async function waitForReady(url: string, process: TestProcess, { timeoutMs = 60_000 }: { timeoutMs?: number } = {}): Promise<void> {
  let ended = false;
  void process.exited.then(() => {
    ended = true;
  });
  let last = "nothing answered";
  for (const until = Date.now() + timeoutMs; Date.now() < until; await sleep(50)) {
    if (ended) throw new Error(`${process.name} ended before it was ready:\n${tail(process)}`);
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
      last = await response.text();
      if (response.status === 200) return;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
  }
  throw new Error(`${process.name} was not ready at ${url} after ${timeoutMs / 1000} s (${last}):\n${tail(process)}`);
}

const tail = (process: TestProcess): string => process.output().split("\n").slice(-40).join("\n");
