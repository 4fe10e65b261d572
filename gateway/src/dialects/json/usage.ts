import type { BackgroundWork, StreamReader, Usage, UsageReader } from "../dialect.ts";
import { createSseReader, isEventStream } from "../sse.ts";
import { isObject, type Json, parseJson } from "./json.ts";
import { scanUsageAtEnd } from "./scan.ts";
import { endOfText } from "./text.ts";

/** Finds the object in which a dialect's answers report usage. */
export type UsageField = {
  /** Whether an event reports usage; null does not. Generated text cannot match: its quotes are escaped. */
  isIn(event: string): boolean;
  /** In a complete answer, without parsing it; undefined when it must be parsed. */
  atEndOf(answer: Buffer): Json | undefined;
  /** The one that stands last in an answer of which only the end is left. */
  lastIn(tail: Buffer): Json | undefined;
  /** The answer's own, in one of which only the beginning is left. */
  firstIn(head: Buffer): Json | undefined;
  /** JSON text without it; undefined when it cannot be cut out. */
  cutFrom(text: string): string | undefined;
};

export function usageField(name: string): UsageField {
  const quoted = Buffer.from(`"${name}"`);
  const reporting = new RegExp(`"${name}"\\s*:\\s*\\{`);
  const object = new RegExp(`^"${name}"\\s*:\\s*(\\{(?:[^{}]|\\{[^{}]*\\})*\\})`);
  return {
    isIn: (event) => reporting.test(event),
    atEndOf: (answer) => scanUsageAtEnd(answer, quoted),
    lastIn(tail) {
      const at = tail.lastIndexOf(quoted);
      // After a backslash the quote belongs to a longer name.
      if (at <= 0 || tail[at - 1] === 92) return undefined;
      const usage = object.exec(tail.toString("utf8", at))?.[1];
      const counts = usage ? parseJson(usage) : undefined;
      return isObject(counts) ? counts : undefined;
    },
    firstIn: (head) => firstObject(head, name.length, object),
    cutFrom: (text) => withoutObject(text, name, object),
  };
}

/**
 * The usage object of a JSON answer of which only the beginning is left: it is the answer's own when it stands within its outermost object
 * and nothing deeper.
 */
function firstObject(head: Buffer, nameChars: number, object: RegExp): Json | undefined {
  const text = head.toString("utf8");
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 123 || char === 91) depth++;
    else if (char === 125 || char === 93) depth--;
    else if (char === 34) {
      const end = endOfText(text, at + 1);
      if (end < 0) return undefined;
      const found = depth === 1 && end - at === nameChars + 1 ? object.exec(text.slice(at, at + maxUsageChars))?.[1] : undefined;
      if (found) {
        const counts = parseJson(found);
        return isObject(counts) ? counts : undefined;
      }
      at = end;
    }
  }
  return undefined;
}
const maxUsageChars = 4_096;

/** JSON text without the usage of its outermost object; undefined when that cannot be cut out of it. */
function withoutObject(text: string, name: string, object: RegExp): string | undefined {
  const at = text.lastIndexOf(`"${name}"`);
  const found = at < 0 ? undefined : object.exec(text.slice(at));
  if (!found) return undefined;
  const [before, after] = [text.slice(0, at).trimEnd(), text.slice(at + found[0].length).trimStart()];
  const cut = before.endsWith(",") ? before.slice(0, -1) + after : before + after.replace(/^,/, "");
  const rest = parseJson(cut);
  return isObject(rest) && !(name in rest) ? cut : undefined;
}

/** Reads usage from JSON answers and from events of JSON. */
export abstract class JsonUsageReader implements UsageReader {
  reported: Usage | undefined = undefined;
  final = false;
  failed = false;
  chars = 0;
  background: BackgroundWork | undefined = undefined;
  stream: StreamReader | undefined = undefined;
  readonly #field: UsageField;

  constructor(field: UsageField) {
    this.#field = field;
  }

  /** One event of a stream. @returns whether a client that has not asked for usage sees the event, or what it sees of it. */
  abstract event(data: string): boolean | string;
  /** The end of an event that was too large to read. */
  abstract largeEvent(tail: Buffer): void;
  /** A complete answer and its text, "" when only its usage is left. */
  protected abstract answer(answer: unknown, text: string): void;

  readAnswer(answer: Buffer, modelMatters: boolean): void {
    // The usual answer is not parsed as a whole.
    const found = modelMatters ? undefined : this.#field.atEndOf(answer);
    if (found) this.answer({ usage: found }, "");
    if (this.reported) return;
    const text = answer.toString("utf8");
    this.answer(parseJson(text), text);
  }

  readEnds(head: Buffer, tail: Buffer): void {
    const found = this.#field.lastIn(tail) ?? this.#field.firstIn(head);
    if (found) this.answer({ usage: found }, "");
  }
}

/** Has a reader read answers of a content type. @returns undefined when it cannot. */
export function readerOf(reader: JsonUsageReader, contentType: string, hidesUsage: boolean): UsageReader | undefined {
  if (!isEventStream(contentType)) return contentType.includes("json") ? reader : undefined;
  reader.stream = createSseReader({
    onEvent(data) {
      const seen = reader.event(data);
      return hidesUsage ? seen : true;
    },
    onLargeEvent: (tail) => reader.largeEvent(tail),
  });
  return reader;
}
