import type { LogRing } from "../logs.ts";
import type { Isolation } from "../types.ts";
import type { PluginAddress } from "./handshake.ts";

/** What to launch and how to make sure that it is the right thing; `PluginSpec` describes the fields. */
export type LaunchSpec = { command: string; checksum: string; codeHash?: string | undefined; dev?: boolean | undefined };

export type LaunchOptions = { ring: LogRing; handshakeTimeoutMs: number };

/** Where the plugin reaches the host's services, and how the host recognizes it there. */
export type Callback = {
  /** Folder of this launch that only the host can write to, for the host's sockets. */
  readonly dir: string;
  /** The user that connects to them; undefined when it is the host's. */
  readonly uid: number | undefined;
  /** What the plugin carries in every call to the host, if it said that it does. */
  readonly token: string | undefined;
};

/** What an administrator sees of the process behind a plugin. */
export type ProcessInfo = {
  /** null where the host attached to a plugin that somebody else runs. */
  readonly pid: number | null;
  /** Hash of the code it was started from; undefined when it is not known or does not count. */
  readonly codeHash: string | undefined;
  readonly isolation: Isolation | null;
  readonly note: string;
};

/** One plugin that has shaken hands and can be connected to. */
export type Launched = {
  readonly address: PluginAddress;
  /** Whether unary calls may be made without HTTP/2. */
  readonly takesDirectCalls: boolean;
  readonly callback: Callback;
  readonly process: ProcessInfo;
  /** Resolves with a sentence when it is gone; never rejects. */
  readonly exited: Promise<string>;
  /** Ends it with everything it started; settles when nothing of it is left. */
  kill(): Promise<void>;
  /** What is known about why it failed, as a sentence; "" when nothing is. */
  diagnose(): string;
};

/** Turns a command into a plugin that can be connected to. One implementation for each kind of command. */
export type Launcher = {
  /**
   * Settles after the handshake. Whatever goes wrong, nothing of the launch is left.
   * @throws AppError plugin_invalid (the command, or code that is not what was approved), plugin_failed, plugin_timeout, or
   * plugin_unavailable when `signal` aborts.
   */
  launch(spec: LaunchSpec, options: LaunchOptions, signal: AbortSignal): Promise<Launched>;
  /** Hash of the code that the command names, without launching it. @throws AppError plugin_invalid. */
  codeHash(command: string): Promise<string>;
  /** Differs once what the command names was replaced; cheap enough to read every few seconds. Never rejects. */
  fingerprint(command: string): Promise<string>;
};
