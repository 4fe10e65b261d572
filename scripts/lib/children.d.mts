import type { ChildProcess, SpawnOptions } from "node:child_process";
import type { Readable } from "node:stream";

export type Ending = { code: number | null; signal: NodeJS.Signals | null; error?: Error };

export type Child = {
  name: string;
  pid: number;
  child: ChildProcess;
  stopping: boolean;
  exited: Promise<Ending>;
  /** Asks it to stop, kills its whole group at the deadline (its own, unless another is given), resolves when it has ended. */
  stop(withinMs?: number): Promise<Ending>;
};

export type StartOptions = SpawnOptions & {
  name?: string;
  stopSignal?: NodeJS.Signals;
  signalGroup?: boolean;
  deadlineMs?: number;
  /** Handed over on a descriptor of its own instead of in the environment; see packages/core/src/private-settings.ts. */
  secrets?: Record<string, string>;
  onLine?(line: string, stream: "stdout" | "stderr"): void;
};

export type Children = {
  start(command: string, args: string[], options?: StartOptions): Child;
  run(command: string, args: string[], options?: StartOptions & { doing?: string; quietFailure?: boolean }): Promise<string[]>;
  stopAll(onStop?: (name: string) => void): Promise<void>;
  readonly stopping: boolean;
};

export function createChildren(): Children;
export function splitLines(stream: Readable | null, onLine: (line: string) => void): void;
