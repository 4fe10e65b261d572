import { Chunks } from "@portico/core/chunks";
import type { StreamReader } from "./dialect.ts";

const lineFeed = 10;
const carriageReturn = 13;
const none = Buffer.alloc(0);
/** What is kept of the end of an event that is too large to read. */
const largeTailBytes = 64 * 1024;

const eventStream = "text/event-stream";

export const isEventStream = (contentType: string): boolean => contentType.startsWith(eventStream);

/**
 * Splits a stream of server-sent events wherever its chunks end.
 * @param onEvent gets the joined `data` lines of each event that has any; returns whether the event is passed on, or the data to pass on instead.
 * @param onLargeEvent gets the end of an event that was passed on unread.
 * @param maxEventBytes an event larger than this is passed on unread, so that memory is bounded.
 */
export function createSseReader({
  onEvent,
  onLargeEvent,
  maxEventBytes = 1024 * 1024,
}: {
  onEvent(data: string): boolean | string;
  onLargeEvent?(tail: Buffer): void;
  maxEventBytes?: number;
}): StreamReader {
  let held: Buffer = none;
  // Bytes of `held` already searched for the end of the event.
  let searched = 0;
  // Set within an event too large to read, until its end.
  let skipping = false;
  const large = new Chunks();
  // The last event ended with the chunk, by a carriage return: a line feed that begins the next one belongs to it.
  let endedByReturn = false;
  let keptLast = true;
  // What `held` lies at the end of, if there is room for more behind it.
  let store = none;
  let filled = 0;
  // No event ended in the last chunk: another will be added to what is held.
  let gathering = false;

  /** What is held with the chunk behind it. An event that comes byte by byte is copied a few times, not once for each of them. */
  function joined(chunk: Buffer): Buffer {
    const length = held.length + chunk.length;
    if (filled > 0 && filled + chunk.length <= store.length) chunk.copy(store, filled);
    else {
      store = Buffer.allocUnsafe(gathering ? 2 * length : length);
      held.copy(store);
      chunk.copy(store, held.length);
      filled = held.length;
    }
    filled += chunk.length;
    return store.subarray(filled - length, filled);
  }

  function skip(bytes: Buffer): void {
    large.add(bytes);
    if (large.bytes <= 2 * largeTailBytes) return;
    const kept = Buffer.from(large.all().subarray(-largeTailBytes));
    large.clear();
    large.add(kept);
  }

  function endSkipping(rest: Buffer): void {
    skip(rest);
    onLargeEvent?.(large.all().subarray(-largeTailBytes));
    large.clear();
    skipping = false;
  }

  return {
    push(whole) {
      let chunk = whole;
      const passed: Buffer[] = [];
      if (endedByReturn && chunk.length > 0) {
        endedByReturn = false;
        if (chunk[0] === lineFeed) {
          if (keptLast) passed.push(chunk.subarray(0, 1));
          chunk = chunk.subarray(1);
        }
      }
      const isJoined = held.length > 0;
      const bytes = isJoined ? joined(chunk) : chunk;
      let start = 0;
      let passFrom = 0;
      let at = Math.max(0, searched - 2);
      for (;;) {
        const end = endOfEvent(bytes, at);
        if (end < 0) break;
        let keep: boolean | Buffer = true;
        if (skipping) endSkipping(bytes.subarray(start, end));
        else keep = judge(bytes, start, end);
        if (keep !== true) {
          if (start > passFrom) passed.push(bytes.subarray(passFrom, start));
          if (keep) passed.push(keep);
          passFrom = end;
        }
        keptLast = keep !== false;
        endedByReturn = end === bytes.length && bytes[end - 1] === carriageReturn;
        start = end;
        at = end;
      }
      if (start > passFrom) passed.push(bytes.subarray(passFrom, start));
      held = start < bytes.length ? bytes.subarray(start) : none;
      gathering = start === 0;
      // What was never copied, or is gone, cannot be added to where it lies.
      if (!isJoined || held.length === 0) filled = 0;
      searched = held.length;
      if (skipping || held.length > maxEventBytes) {
        // Two bytes stay behind so that a blank line over the edge of chunks is still seen.
        const edge = Math.max(0, held.length - 2);
        passed.push(held.subarray(0, edge));
        skip(held.subarray(0, edge));
        held = held.subarray(edge);
        filled = 0;
        searched = held.length;
        skipping = true;
      }
      return passed.length === 1 ? (passed[0] as Buffer) : passed.length === 0 ? none : Buffer.concat(passed);
    },
    end() {
      const rest = held;
      held = none;
      if (skipping) endSkipping(rest);
      else if (rest.length > 0) {
        const keep = judge(rest, 0, rest.length);
        if (keep !== true) return keep || none;
      }
      return rest;
    },
  };

  function judge(bytes: Buffer, start: number, end: number): boolean | Buffer {
    const event = bytes.toString("utf8", start, end);
    const data = dataOf(event);
    if (data === "") return true;
    const verdict = onEvent(data);
    return typeof verdict === "string" ? Buffer.from(withData(event, verdict)) : verdict;
  }
}

/** Index after the blank line that ends an event, or -1. Lines end by a line feed, a carriage return or both. */
function endOfEvent(bytes: Buffer, from: number): number {
  if (bytes.indexOf(carriageReturn, from) >= 0) return endAmongReturns(bytes, from);
  for (let i = bytes.indexOf(lineFeed, from); i >= 0; i = bytes.indexOf(lineFeed, i + 1)) if (bytes[i + 1] === lineFeed) return i + 2;
  return -1;
}

function endAmongReturns(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; ) {
    const next = afterLineEnd(bytes, at);
    if (next === at) {
      at++;
      continue;
    }
    const end = afterLineEnd(bytes, next);
    if (end > next) return end;
    at = next;
  }
  return -1;
}

/** Index after the line end at `at`; `at` itself when there is none. */
function afterLineEnd(bytes: Buffer, at: number): number {
  if (bytes[at] === lineFeed) return at + 1;
  if (bytes[at] !== carriageReturn) return at;
  return bytes[at + 1] === lineFeed ? at + 2 : at + 1;
}

const lineEnds = /\r\n|\n|\r/;
const byteOrderMark = "\ufeff";

function dataOf(text: string): string {
  const event = text.startsWith(byteOrderMark) ? text.slice(1) : text;
  const end = event.trimEnd().length;
  if (event.startsWith("data:") && isOneLine(event, end)) return event.slice(5, end).trim();
  let data = "";
  for (const line of event.split(lineEnds)) {
    if (line.startsWith("data:")) data += `${data ? "\n" : ""}${line.slice(5).trim()}`;
  }
  return data;
}

function isOneLine(event: string, end: number): boolean {
  const feed = event.indexOf("\n");
  const carriage = event.indexOf("\r");
  return (feed < 0 || feed >= end) && (carriage < 0 || carriage >= end);
}

/** The event with this in place of its data, and its other lines as they were. */
function withData(event: string, data: string): string {
  const others = event.split(lineEnds).filter((line) => line !== "" && !line.startsWith("data:"));
  return `${[...others, `data: ${data}`].join("\n")}\n\n`;
}

const fields = ["data:", "event:", "id:", "retry:", ":"];

/** The type of an answer that begins like a stream of events, whatever type it was given; undefined for others. */
export const unannouncedStream = (chunk: Buffer): string | undefined => (beginsLikeEvents(chunk) ? eventStream : undefined);

export function beginsLikeEvents(chunk: Buffer): boolean {
  const text = chunk.toString("utf8", 0, 16).replace(byteOrderMark, "").trimStart();
  return text !== "" && fields.some((field) => text.startsWith(field) || field.startsWith(text));
}
