import { maxOutlineBytes, type Outline } from "../outline.ts";
import { notText } from "./text.ts";

/** Of one field. A larger one holds a conversation or a file, which nothing but its length is asked of. */
const maxKeptBytes = 64 * 1024;
const maxDepth = 1_000;
const maxScalarChars = 1_000;
const maxNameChars = 256;
const maxTrailingBytes = 64 * 1024;

const quote = 34;
const backslash = 92;
const openBrace = 123;
const closeBrace = 125;
const openBracket = 91;
const closeBracket = 93;
const comma = 44;
const colonSign = 58;

// What comes next.
const root = 0;
const value = 1;
const valueOrEnd = 2;
const nameOrEnd = 3;
const name = 4;
const colon = 5;
const commaOrEnd = 6;
const inString = 7;
const afterBackslash = 8;
const inHex = 9;
const inScalar = 10;
const nothing = 11;

const scalars = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;
const escapes: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));

/**
 * Keeps the fields of a JSON object but for the values of large ones, in whose place is null. It is as strict as JSON.parse: what a lenient
 * server might read otherwise is not sent.
 */
export class JsonOutline implements Outline {
  fault = "";
  /** Characters of text, as `textChars` counts them. */
  textChars = 0;
  /** Fields whose value is judged, in lower case: they are never left out. */
  readonly #judged: ReadonlySet<string>;
  #state = root;
  /** Whether each of the open values is an object. */
  readonly #open: boolean[] = [];
  /** Hexadecimal digits that are still to come. */
  #hex = 0;
  #isName = false;
  /** The last name as it is written, without its quotes. */
  #name = "";
  #scalar = "";
  /** How many values were open at the name of what holds no text; 0 outside of such. */
  #mutedAt = 0;

  #kept: Buffer = Buffer.allocUnsafe(8 * 1024);
  #keptBytes = 0;
  #isKeeping = true;
  /** Where the value of the current field begins in `#kept`; -1 between fields. */
  #valueAt = -1;
  /** The name of the current field, as it is written. */
  #field = "";
  #hasFields = false;
  #trailing: Buffer = Buffer.alloc(0);

  constructor(judged: Iterable<string>) {
    this.#judged = new Set([...judged].map((field) => field.toLowerCase()));
  }

  push(chunk: Buffer): Buffer {
    if (this.#state === nothing) {
      this.#trail(chunk);
      return chunk.subarray(0, 0);
    }
    const end = chunk.length;
    /** From where the chunk is still to be kept, when it is. */
    let keepFrom = 0;
    /** From where the current name or scalar is still to be added to what came before. */
    let from = 0;
    let at = 0;
    while (at < end && this.fault === "") {
      const byte = chunk[at] as number;
      switch (this.#state) {
        case inString: {
          const isCounted = !this.#isName && this.#mutedAt === 0;
          let chars = 0;
          let next = byte;
          while (next !== quote && next !== backslash && next >= 32) {
            // A character is counted at its first byte; one of four bytes is two of JavaScript's.
            if (next < 128 || next >= 192) chars += next >= 240 ? 2 : 1;
            at++;
            if (at === end) break;
            next = chunk[at] as number;
          }
          if (isCounted) this.textChars += chars;
          if (at === end) break;
          if (next < 32) this.#invalid();
          else if (next === backslash) {
            this.#state = afterBackslash;
            if (isCounted) this.textChars++;
          } else if (this.#isName) {
            this.#addToName(chunk, from, at);
            this.#state = colon;
          } else keepFrom = this.#endValue(chunk, keepFrom, at + 1);
          at++;
          break;
        }
        case afterBackslash:
          if (byte === 117) this.#hex = 4;
          else if (!escapes.has(byte)) this.#invalid();
          this.#state = byte === 117 ? inHex : inString;
          at++;
          break;
        case inHex:
          if (!isHex(byte)) this.#invalid();
          this.#hex--;
          if (this.#hex === 0) this.#state = inString;
          at++;
          break;
        case inScalar: {
          while (at < end && isOfScalar(chunk[at] as number)) at++;
          this.#scalar += chunk.toString("latin1", from, at);
          from = at;
          if (this.#scalar.length > maxScalarChars) this.#invalid();
          if (at === end) break;
          if (!scalars.test(this.#scalar)) this.#invalid();
          else keepFrom = this.#endValue(chunk, keepFrom, at);
          break;
        }
        default:
          if (byte === 32 || byte === 10 || byte === 13 || byte === 9) {
            at++;
            break;
          }
          if (this.#state === value || (this.#state === valueOrEnd && byte !== closeBracket)) {
            if (this.#open.length === 1) {
              this.#keep(chunk, keepFrom, at);
              keepFrom = at;
              this.#valueAt = this.#keptBytes;
            }
            from = byte === quote ? at + 1 : at;
            // A scalar is read from its first byte on.
            if (this.#beginValue(byte)) at++;
            break;
          }
          if (byte === closeBrace && this.#open.length === 1 && (this.#state === nameOrEnd || this.#state === commaOrEnd)) {
            this.#keep(chunk, keepFrom, at);
            this.#state = nothing;
            this.#trail(chunk.subarray(at + 1));
            return chunk.subarray(0, at);
          }
          from = at + 1;
          if (this.#isClosedBy(byte)) {
            this.#open.pop();
            keepFrom = this.#endValue(chunk, keepFrom, at + 1);
          } else this.#goOn(byte);
          at++;
      }
    }
    if (this.fault === "") {
      if (this.#isName && (this.#state === inString || this.#state === afterBackslash || this.#state === inHex))
        this.#addToName(chunk, from, end);
      this.#keep(chunk, keepFrom, end);
    }
    return chunk;
  }

  end(): Buffer | undefined {
    if (this.#state !== nothing) this.#invalid();
    return this.fault === "" ? Buffer.concat([this.#kept.subarray(0, this.#keptBytes), Buffer.from("}")]) : undefined;
  }

  rest(added: string): Buffer {
    const comma = added !== "" && this.#hasFields ? "," : "";
    return Buffer.concat([Buffer.from(`${comma}${added}}`), this.#trailing]);
  }

  #invalid(): void {
    this.fault ||= "invalid JSON body";
  }

  /** After the object only white space may come; it is sent as it is. */
  #trail(bytes: Buffer): void {
    const isSpace = bytes.every((byte) => byte === 32 || byte === 10 || byte === 13 || byte === 9);
    if (isSpace && this.#trailing.length + bytes.length <= maxTrailingBytes) this.#trailing = Buffer.concat([this.#trailing, bytes]);
    else this.#invalid();
  }

  /** @returns whether its first byte has been dealt with. */
  #beginValue(byte: number): boolean {
    if (byte === quote) {
      this.#state = inString;
      this.#isName = false;
    } else if (byte === openBrace || byte === openBracket) {
      this.#open.push(byte === openBrace);
      if (this.#open.length > maxDepth) this.#invalid();
      this.#state = byte === openBrace ? nameOrEnd : valueOrEnd;
    } else {
      if (!isOfScalar(byte)) this.#invalid();
      this.#state = inScalar;
      this.#scalar = "";
      return false;
    }
    return true;
  }

  #isClosedBy(byte: number): boolean {
    const isObject = this.#open.at(-1);
    if (byte === closeBrace) return isObject === true && (this.#state === nameOrEnd || this.#state === commaOrEnd);
    return byte === closeBracket && isObject === false && (this.#state === valueOrEnd || this.#state === commaOrEnd);
  }

  #goOn(byte: number): void {
    const state = this.#state;
    if ((state === name || state === nameOrEnd) && byte === quote) {
      this.#state = inString;
      this.#isName = true;
      this.#name = "";
    } else if (state === colon && byte === colonSign) {
      this.#state = value;
      if (this.#open.length === 1) {
        this.#hasFields = true;
        this.#field = this.#name;
      }
      if (this.#mutedAt === 0 && notText.has(this.#name)) this.#mutedAt = this.#open.length;
    } else if (state === commaOrEnd && byte === comma) this.#state = this.#open.at(-1) ? name : value;
    else if (state === root && byte === openBrace) {
      this.#open.push(true);
      this.#state = nameOrEnd;
    } else this.#invalid();
  }

  #addToName(chunk: Buffer, from: number, to: number): void {
    if (this.#name.length <= maxNameChars) this.#name += chunk.toString("latin1", from, Math.min(to, from + maxNameChars + 1));
  }

  /** @returns from where the chunk is to be kept. */
  #endValue(chunk: Buffer, keepFrom: number, at: number): number {
    this.#state = commaOrEnd;
    const depth = this.#open.length;
    if (depth === this.#mutedAt) this.#mutedAt = 0;
    if (depth !== 1) return keepFrom;
    this.#keep(chunk, keepFrom, at);
    this.#isKeeping = true;
    this.#valueAt = -1;
    return at;
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    if (!this.#isKeeping || to <= from) return;
    if (this.#valueAt >= 0 && this.#keptBytes - this.#valueAt + to - from > maxKeptBytes) this.#dropValue();
    else chunk.copy(this.#reserve(to - from), 0, from, to);
  }

  /** Room for as many more bytes that are kept. */
  #reserve(bytes: number): Buffer {
    const from = this.#keptBytes;
    const to = from + bytes;
    if (to > maxOutlineBytes) this.fault ||= "its fields besides the large ones are too long";
    if (to > this.#kept.length) {
      const grown = Buffer.allocUnsafe(to * 2);
      this.#kept.copy(grown, 0, 0, from);
      this.#kept = grown;
    }
    this.#keptBytes = to;
    return this.#kept.subarray(from, to);
  }

  #dropValue(): void {
    if (this.#judged.has(decoded(this.#field).toLowerCase())) this.fault ||= `the field ${this.#field} is too long`;
    this.#keptBytes = this.#valueAt;
    this.#isKeeping = false;
    this.#reserve(4).write("null", "latin1");
  }
}

const isOfScalar = (byte: number): boolean =>
  (byte >= 48 && byte <= 57) || (byte >= 97 && byte <= 122) || byte === 45 || byte === 43 || byte === 46 || byte === 69;

function isHex(byte: number): boolean {
  const lower = byte | 32;
  return (byte >= 48 && byte <= 57) || (lower >= 97 && lower <= 102);
}

function decoded(written: string): string {
  try {
    return JSON.parse(`"${Buffer.from(written, "latin1").toString("utf8")}"`) as string;
  } catch {
    return written;
  }
}
