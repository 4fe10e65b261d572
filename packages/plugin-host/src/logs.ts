import type { Readable } from "node:stream";
import type { LogLevel } from "@portico/core/logger";
import type { LogLine } from "./types.ts";

const maxLines = 1000;
const maxLineBytes = 8 * 1024;
/** A plugin that writes more lines than this is cut, not the host slowed. */
const maxLinesPerSecond = 2000;
const maxBytesPerSecond = 2 * 1024 * 1024;

export type LogRing = {
  add(stream: LogLine["stream"], level: LogLevel, text: string): void;
  /** Kept lines with a greater seq, oldest first. */
  after(seq: number): LogLine[];
};

/** The last lines of one plugin. Long lines are cut; what exceeds the rate is counted and dropped. */
export function createLogRing(onLine: (line: LogLine) => void = () => {}): LogRing {
  const lines: LogLine[] = [];
  let seq = 0;
  let windowStartedAt = 0;
  let inWindow = 0;
  let dropped = 0;

  function push(stream: LogLine["stream"], level: LogLevel, text: string) {
    seq += 1;
    const line: LogLine = { seq, at: new Date(), stream, level, text };
    lines.push(line);
    // Cut in blocks: shifting a full array for every line would cost more than the line.
    if (lines.length >= 1.25 * maxLines) lines.splice(0, lines.length - maxLines);
    onLine(line);
  }

  return {
    add(stream, level, text) {
      const now = Date.now();
      if (now - windowStartedAt >= 1000) {
        if (dropped > 0) push("host", "warn", `${dropped} lines were dropped: the plugin writes more than ${maxLinesPerSecond} a second.`);
        windowStartedAt = now;
        inWindow = 0;
        dropped = 0;
      }
      inWindow += 1;
      if (inWindow > maxLinesPerSecond && stream !== "host") dropped += 1;
      else push(stream, level, text);
    },
    after: (wanted) => lines.slice(-maxLines).filter((line) => line.seq > wanted),
  };
}

/** Cuts a byte stream into lines of at most 8 KiB; the rest of a longer line is skipped. Invalid UTF-8 becomes U+FFFD. */
export function createLineSplitter(onLine: (text: string) => void): { write(chunk: Uint8Array): void; end(): void } {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let skipping = false;

  const emit = () => {
    const bytes = Buffer.concat(held);
    held = [];
    heldBytes = 0;
    const text = bytes.toString("utf8").replace(/\r$/, "");
    if (text !== "") onLine(text);
  };
  const hold = (part: Buffer) => {
    if (skipping || part.length === 0) return;
    const room = maxLineBytes - heldBytes;
    // A copy: the chunk is far bigger than the piece that may be kept for long.
    held.push(Buffer.from(part.subarray(0, room)));
    heldBytes += Math.min(room, part.length);
    if (part.length > room) {
      held.push(Buffer.from("… (line cut)"));
      skipping = true;
    }
  };
  return {
    write(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      let from = 0;
      for (let end = bytes.indexOf(10, from); end !== -1; end = bytes.indexOf(10, from)) {
        hold(bytes.subarray(from, end));
        emit();
        skipping = false;
        from = end + 1;
      }
      hold(bytes.subarray(from));
    },
    end() {
      if (heldBytes > 0) emit();
    },
  };
}

const levelOfPrefix: Record<string, LogLevel> = { TRACE: "debug", DEBUG: "debug", INFO: "info", WARN: "warn", ERROR: "error" };

function parseHclog(text: string): { level: LogLevel; text: string } | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const { "@level": level, "@message": message, "@timestamp": at, "@module": _module, ...fields } = JSON.parse(text);
    if (typeof level !== "string" || typeof message !== "string" || at === undefined) return undefined;
    const more = Object.entries(fields).map(([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
    return { level: levelOfPrefix[level.toUpperCase()] ?? "debug", text: message + more.join("") };
  } catch {
    return undefined;
  }
}

/** Reads the level of a stderr line: hclog JSON, a `[LEVEL]` prefix, or a Go panic, which swallows all that follows. */
export function createStderrParser(): (text: string) => { level: LogLevel; text: string } {
  let panicking = false;
  return (text) => {
    const structured = parseHclog(text);
    if (structured) return structured;
    if (text.startsWith("panic:") || text.startsWith("fatal error:")) panicking = true;
    if (panicking) return { level: "error", text };
    const prefix = /^\[(TRACE|DEBUG|INFO|WARN|ERROR)\]/.exec(text)?.[1];
    return { level: (prefix && levelOfPrefix[prefix]) || "debug", text };
  };
}

/**
 * Reads a stream to its end and for ever, but not faster than a person could ever use: a plugin that floods its output then waits in
 * its own write instead of burning the host's CPU. `onChunk` tells how many bytes it was given.
 */
export function drain<T>(stream: Readable, onChunk: (chunk: T) => number): void {
  let windowStartedAt = 0;
  let inWindow = 0;
  stream.on("error", () => {});
  stream.on("data", (chunk: T) => {
    const now = Date.now();
    if (now - windowStartedAt >= 1000) {
      windowStartedAt = now;
      inWindow = 0;
    }
    inWindow += onChunk(chunk);
    if (inWindow > maxBytesPerSecond) {
      stream.pause();
      setTimeout(() => stream.resume(), 1000).unref();
    }
  });
}
