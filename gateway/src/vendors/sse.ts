const lineFeed = 10;
const carriageReturn = 13;
const none = Buffer.alloc(0);

/** Splits a stream of server-sent events wherever its chunks end. */
export type SseReader = {
  /** @returns the bytes of the events completed by this chunk, without those that `onEvent` refused. */
  push(chunk: Buffer): Buffer;
  /** @returns the bytes of an event that was never finished. */
  end(): Buffer;
};

/**
 * @param onEvent gets the joined `data` lines of each event that has any; returns whether the event is passed on.
 * @param maxEventBytes an event larger than this is passed on unread, so that nobody can make us hold it.
 */
export function createSseReader({
  onEvent,
  maxEventBytes = 1024 * 1024,
}: {
  onEvent(data: string): boolean;
  maxEventBytes?: number;
}): SseReader {
  let held: Buffer = none;
  // Bytes of `held` already searched for the end of the event.
  let searched = 0;
  // Set within an event too large to read, until its end.
  let skipping = false;
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

  return {
    push(chunk) {
      const isJoined = held.length > 0;
      const bytes = isJoined ? joined(chunk) : chunk;
      const passed: Buffer[] = [];
      let start = 0;
      let passFrom = 0;
      let at = Math.max(0, searched - 2);
      for (;;) {
        const end = endOfEvent(bytes, at);
        if (end < 0) break;
        const keep = skipping || judge(bytes, start, end);
        skipping = false;
        if (!keep) {
          if (start > passFrom) passed.push(bytes.subarray(passFrom, start));
          passFrom = end;
        }
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
      if (rest.length > 0 && !skipping && !judge(rest, 0, rest.length)) return none;
      return rest;
    },
  };

  function judge(bytes: Buffer, start: number, end: number): boolean {
    const data = dataOf(bytes.toString("utf8", start, end));
    return data === "" || onEvent(data);
  }
}

/** Index after the blank line that ends an event, or -1. */
function endOfEvent(bytes: Buffer, from: number): number {
  for (let i = bytes.indexOf(lineFeed, from); i >= 0; i = bytes.indexOf(lineFeed, i + 1)) {
    if (bytes[i + 1] === lineFeed) return i + 2;
    if (bytes[i + 1] === carriageReturn && bytes[i + 2] === lineFeed) return i + 3;
  }
  return -1;
}

function dataOf(event: string): string {
  if (event.startsWith("data:") && event.indexOf("\n") >= event.trimEnd().length) return event.slice(5).trim();
  let data = "";
  for (const line of event.split("\n")) {
    if (line.startsWith("data:")) data += `${data ? "\n" : ""}${line.slice(5).trim()}`;
  }
  return data;
}
