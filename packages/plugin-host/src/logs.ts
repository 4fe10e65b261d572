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
  let windowStartedAt = Number.NEGATIVE_INFINITY;
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
      const now = performance.now();
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

/** What loggers call their levels. */
const levels: Record<string, LogLevel> = {
  TRACE: "debug",
  DEBUG: "debug",
  DBG: "debug",
  INFO: "info",
  INF: "info",
  NOTICE: "info",
  WARN: "warn",
  WRN: "warn",
  WARNING: "warn",
  ERROR: "error",
  ERR: "error",
  FATAL: "error",
  PANIC: "error",
  DPANIC: "error",
  CRITICAL: "error",
};
const levelWords = Object.keys(levels).join("|");

function levelOf(word: unknown): LogLevel | undefined {
  // pino and bunyan count: 30 is info.
  if (typeof word === "number") return word >= 50 ? "error" : word >= 40 ? "warn" : word >= 30 ? "info" : "debug";
  return typeof word === "string" ? levels[word.toUpperCase()] : undefined;
}

/** One JSON object of hclog, zerolog, slog, zap, logrus or pino: they differ in the names of three fields. */
function parseJson(text: string): { level: LogLevel; text: string } | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const {
      "@level": hcLevel,
      "@message": hcMessage,
      "@timestamp": _at,
      "@module": _module,
      level,
      message,
      msg,
      time: _time,
      ts: _ts,
      ...fields
    } = JSON.parse(text);
    const found = levelOf(hcLevel ?? level);
    const said: unknown = hcMessage ?? message ?? msg;
    if (found === undefined || typeof said !== "string") return undefined;
    const more = Object.entries(fields).map(([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
    return { level: found, text: said + more.join("") };
  } catch {
    return undefined;
  }
}

/** `[ERROR] …`, with or without the date and time that Go's log package writes first; or `level=error` of slog and logrus. */
const bracketed = new RegExp(`^(?:\\d{4}[/-]\\d\\d[/-]\\d\\d[ T]\\d\\d:\\d\\d:\\d\\d\\S* )?\\[(${levelWords})\\]`);
const named = new RegExp(`^(?:time=(?:"[^"]*"|\\S+) )?level=(${levelWords})\\b`, "i");

/** Reads the level of a stderr line: JSON of the usual loggers, a `[LEVEL]` prefix, or a Go panic, which swallows all that follows. */
export function createStderrParser(): (text: string) => { level: LogLevel; text: string } {
  let panicking = false;
  return (text) => {
    const structured = parseJson(text);
    if (structured) return structured;
    if (text.startsWith("panic:") || text.startsWith("fatal error:")) panicking = true;
    if (panicking) return { level: "error", text };
    return { level: levelOf(bracketed.exec(text)?.[1] ?? named.exec(text)?.[1]) ?? "debug", text };
  };
}

/**
 * Reads a stream to its end and for ever, but not faster than a person could ever use: a plugin that floods its output then waits in
 * its own write instead of burning the host's CPU. `onChunk` tells how many bytes it was given.
 */
export function drain<T>(stream: Readable, onChunk: (chunk: T) => number): void {
  let windowStartedAt = Number.NEGATIVE_INFINITY;
  let inWindow = 0;
  stream.on("error", () => {});
  stream.on("data", (chunk: T) => {
    const now = performance.now();
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
