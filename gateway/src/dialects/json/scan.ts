import type { CallFacts } from "../dialect.ts";
import type { Json } from "./json.ts";
import { maxDepth, notText } from "./text.ts";

/*
 * Reads the few facts the gateway needs from the bytes of a JSON text, without building what they say. It is as strict as JSON.parse;
 * what is unusual it leaves to its caller, who then parses the text.
 */

const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1");
const [yes, no, nothing] = [bytesOf("true"), bytesOf("false"), bytesOf("null")];
/** Names of the fields of a request that are judged. */
export type RequestFields = {
  model: string;
  /** Lists of more models, by name or as objects that name one. */
  modelLists: readonly string[];
  /** Objects that may name one more model. */
  modelHolders: readonly string[];
  stream: string;
  /** Its value decides whether usage is reported. */
  usageOptions: string;
  /** Fields that limit the tokens of an answer. */
  limits: readonly string[];
  /** How many answers are asked for. */
  choices: string;
  /** Means the same as `choices`. */
  moreChoices: string;
};

export type ScannedFields = {
  model: Buffer;
  stream: Buffer;
  usageOptions: Buffer;
  limits: readonly Buffer[];
  choices: Buffer;
  /** Whatever their case, they leave the body to be parsed. */
  moreModels: readonly Buffer[];
  /** Leaves the body to be parsed. */
  moreChoices: Buffer;
};

export const scannedFields = (fields: RequestFields): ScannedFields => ({
  model: bytesOf(fields.model),
  stream: bytesOf(fields.stream),
  usageOptions: bytesOf(fields.usageOptions),
  limits: fields.limits.map(bytesOf),
  choices: bytesOf(fields.choices),
  moreModels: [...fields.modelLists, ...fields.modelHolders].map(bytesOf),
  moreChoices: bytesOf(fields.moreChoices),
});

const quote = 34;
const backslash = 92;
const openBrace = 123;
const closeBrace = 125;
const openBracket = 91;
const closeBracket = 93;
const comma = 44;
const colon = 58;
const minus = 45;
const escapedUnicode = 117;

const maxDigits = 15;
const mostChoices = 1_024;

/**
 * @returns undefined for a body that is no JSON object, or an unusual one: with fields that are named twice, or spelled otherwise, or of
 *   another type than they should be.
 */
export function scanRequest(body: Buffer, fields: ScannedFields): CallFacts | undefined {
  const scanner = new Scanner(body, 0);
  const facts = scanner.request(fields);
  return facts && scanner.isAtEnd() ? facts : undefined;
}

const usageWindow = 4_096;

/**
 * The counts in the usage object of a JSON answer, read from its end: it is the answer's own when exactly one brace is closed after it.
 * @param name of its field, in quotes.
 * @returns whole numbers by name, and objects of such; undefined when that is not certain, and the answer must be parsed.
 */
export function scanUsageAtEnd(answer: Buffer, name: Buffer): Json | undefined {
  const first = Math.max(1, answer.length - usageWindow);
  for (let at = answer.length - name.length; at >= first; at--) {
    if (!isAt(answer, at, name)) continue;
    // After a backslash the quote belongs to a longer name.
    if (answer[at - 1] === backslash) return undefined;
    return new Scanner(answer, at).usage();
  }
  return undefined;
}

function isAt(bytes: Buffer, at: number, name: Buffer): boolean {
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name[i]) return false;
  return true;
}

/** The same but for the case of its letters. */
function isAlike(bytes: Buffer, at: number, name: Buffer): boolean {
  for (let i = 0; i < name.length; i++) if (((bytes[at + i] as number) | 32) !== name[i]) return false;
  return true;
}

function isNamed(bytes: Buffer, at: number, length: number, name: Buffer): boolean {
  return length === name.length && isAt(bytes, at, name);
}

function isLeftToParse(bytes: Buffer, at: number, length: number, { moreModels, moreChoices }: ScannedFields): boolean {
  for (const name of moreModels) if (name.length === length && isAlike(bytes, at, name)) return true;
  return isNamed(bytes, at, length, moreChoices);
}

function limitAt(bytes: Buffer, at: number, length: number, limits: readonly Buffer[]): number {
  for (let rank = 0; rank < limits.length; rank++) if (isNamed(bytes, at, length, limits[rank] as Buffer)) return rank;
  return -1;
}

/** Names of fields that hold no text, by their length. */
const textless: Buffer[][] = [];
for (const name of notText) {
  textless[name.length] = [...(textless[name.length] ?? []), bytesOf(name)];
}

/** Each method goes past what it is named after, and answers whether that was there. */
class Scanner {
  readonly #bytes: Buffer;
  #at: number;
  #keyStart = 0;
  #keyEnd = 0;
  /** Of the last string: its length as JavaScript counts, and whether it says what it means without escapes, in ASCII. */
  #chars = 0;
  #isPlain = false;
  /** Of the last number: its value if it is a whole one, else -1. */
  #whole = -1;
  /** Characters in texts so far. */
  #textChars = 0;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  isAtEnd(): boolean {
    return Number.isNaN(this.#next());
  }

  request(fields: ScannedFields): CallFacts | undefined {
    const { model, stream, usageOptions, limits, choices: choicesName } = fields;
    const bytes = this.#bytes;
    let named: string | undefined;
    let wants: boolean | undefined;
    let hasUsageOptions = false;
    let limit = -1;
    let limitsSeen = 0;
    let choices = 0;
    if (this.#next() !== openBrace) return undefined;
    this.#at++;
    if (this.#next() === closeBrace) this.#at++;
    else
      for (;;) {
        if (!this.#key() || !this.#isPlain) return undefined;
        const keyStart = this.#keyStart;
        const length = this.#keyEnd - keyStart;
        const rank = limitAt(bytes, keyStart, length, limits);
        if (length === model.length && isAlike(bytes, keyStart, model)) {
          if (named !== undefined || !isAt(bytes, keyStart, model) || !this.#string() || !this.#isPlain) return undefined;
          if (this.#chars === 0) return undefined;
          named = bytes.toString("latin1", this.#at - 1 - this.#chars, this.#at - 1);
        } else if (isNamed(bytes, keyStart, length, stream)) {
          if (wants !== undefined) return undefined;
          wants = this.#literal(yes);
          if (!wants && !this.#literal(no)) return undefined;
        } else if (isNamed(bytes, keyStart, length, usageOptions)) {
          hasUsageOptions = true;
          if (!this.#value(1, true)) return undefined;
        } else if (rank >= 0) {
          if (!this.#number() || this.#whole < 0 || limitsSeen & (1 << rank)) return undefined;
          limit = Math.max(limit, this.#whole);
          limitsSeen |= 1 << rank;
        } else if (isNamed(bytes, keyStart, length, choicesName)) {
          if (choices > 0 || !this.#number() || this.#whole < 1 || this.#whole > mostChoices) return undefined;
          choices = this.#whole;
        } else if (isLeftToParse(bytes, keyStart, length, fields)) {
          return undefined;
        } else if (!this.#value(1, this.#holdsText())) return undefined;
        const byte = this.#next();
        this.#at++;
        if (byte === closeBrace) break;
        if (byte !== comma) return undefined;
      }
    return {
      model: named,
      otherModels: undefined,
      stream: wants === true,
      hasUsageOptions,
      maxTokens: limit,
      choices: Math.max(1, choices),
      textChars: this.#textChars,
      rewritten: undefined,
    };
  }

  /** Begins at the name of the field; ends at the end of the text. */
  usage(): Json | undefined {
    if (!this.#key() || this.#next() !== openBrace) return undefined;
    const counts = this.#counts(0);
    if (!counts) return undefined;
    for (;;) {
      const byte = this.#next();
      this.#at++;
      if (byte === closeBrace) break;
      if (byte !== comma || !this.#key() || !this.#value(1, false)) return undefined;
    }
    return this.isAtEnd() ? counts : undefined;
  }

  #counts(depth: number): Json | undefined {
    const counts: Json = {};
    this.#at++;
    if (this.#next() === closeBrace) {
      this.#at++;
      return counts;
    }
    for (;;) {
      if (!this.#key() || !this.#isPlain) return undefined;
      const keyStart = this.#keyStart;
      const byte = this.#next();
      const isNumber = byte === minus || (byte >= 48 && byte <= 57);
      if (isNumber || (byte === openBrace && depth === 0)) {
        // Names that objects know themselves begin like this.
        if (this.#bytes[keyStart] === 95) return undefined;
        const name = this.#bytes.toString("latin1", keyStart, this.#keyEnd);
        if (isNumber) {
          if (!this.#number() || this.#whole < 0) return undefined;
          counts[name] = this.#whole;
        } else {
          const inner = this.#counts(depth + 1);
          if (!inner) return undefined;
          counts[name] = inner;
        }
      } else if (!this.#value(depth + 2, false)) return undefined;
      const after = this.#next();
      this.#at++;
      if (after === closeBrace) return counts;
      if (after !== comma) return undefined;
    }
  }

  /** Goes past white space. @returns the byte that follows; NaN at the end. */
  #next(): number {
    const bytes = this.#bytes;
    for (let at = this.#at; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === 32 || byte === 10 || byte === 13 || byte === 9) continue;
      this.#at = at;
      return byte;
    }
    this.#at = bytes.length;
    return Number.NaN;
  }

  /** A field's name and its colon. */
  #key(): boolean {
    if (!this.#string()) return false;
    this.#keyStart = this.#at - 1 - this.#chars;
    this.#keyEnd = this.#at - 1;
    if (this.#next() !== colon) return false;
    this.#at++;
    return true;
  }

  /** Whether the field whose name was read last may hold text. */
  #holdsText(): boolean {
    const alike = textless[this.#keyEnd - this.#keyStart];
    if (alike) for (const name of alike) if (isAt(this.#bytes, this.#keyStart, name)) return false;
    return true;
  }

  #value(depth: number, isText: boolean): boolean {
    const byte = this.#next();
    if (byte === quote) {
      if (!this.#string()) return false;
      if (isText) this.#textChars += this.#chars;
      return true;
    }
    if (byte === openBrace) return depth < maxDepth && this.#object(depth, isText);
    if (byte === openBracket) return depth < maxDepth && this.#array(depth, isText);
    if (byte === 116) return this.#literal(yes);
    if (byte === 102) return this.#literal(no);
    if (byte === 110) return this.#literal(nothing);
    return this.#number();
  }

  #object(depth: number, isText: boolean): boolean {
    this.#at++;
    if (this.#next() === closeBrace) {
      this.#at++;
      return true;
    }
    for (;;) {
      // A name with escapes might be one of those that hold no text.
      if (!this.#key() || (isText && !this.#isPlain)) return false;
      if (!this.#value(depth + 1, isText && this.#holdsText())) return false;
      const byte = this.#next();
      this.#at++;
      if (byte === closeBrace) return true;
      if (byte !== comma) return false;
    }
  }

  #array(depth: number, isText: boolean): boolean {
    this.#at++;
    if (this.#next() === closeBracket) {
      this.#at++;
      return true;
    }
    for (;;) {
      if (!this.#value(depth + 1, isText)) return false;
      const byte = this.#next();
      this.#at++;
      if (byte === closeBracket) return true;
      if (byte !== comma) return false;
    }
  }

  #string(): boolean {
    if (this.#next() !== quote) return false;
    const bytes = this.#bytes;
    const end = bytes.length;
    let chars = 0;
    let isPlain = true;
    for (let at = this.#at + 1; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte === quote) {
        this.#at = at + 1;
        this.#chars = chars;
        this.#isPlain = isPlain;
        return true;
      }
      if (byte === backslash) {
        isPlain = false;
        const length = escapeLength(bytes, at);
        if (length === 0) return false;
        at += length - 1;
        chars++;
      } else if (byte < 32) return false;
      else if (byte < 128) chars++;
      else {
        isPlain = false;
        // A character is counted at its first byte; one of four bytes is two of JavaScript's.
        if (byte >= 192) chars += byte >= 240 ? 2 : 1;
      }
    }
    return false;
  }

  #literal(text: Buffer): boolean {
    this.#next();
    if (!isAt(this.#bytes, this.#at, text)) return false;
    this.#at += text.length;
    return true;
  }

  #number(): boolean {
    this.#next();
    const bytes = this.#bytes;
    let at = this.#at;
    const start = at;
    if (bytes[at] === minus) at++;
    const digits = at;
    let value = 0;
    for (; isDigit(bytes[at]); at++) value = value * 10 + (bytes[at] as number) - 48;
    if (at === digits || (bytes[digits] === 48 && at > digits + 1)) return false;
    const isWhole = digits === start && at - digits <= maxDigits;
    const wholeEnd = at;
    if (bytes[at] === 46) {
      const from = ++at;
      while (isDigit(bytes[at])) at++;
      if (at === from) return false;
    }
    if (bytes[at] === 101 || bytes[at] === 69) {
      at++;
      if (bytes[at] === 43 || bytes[at] === minus) at++;
      const from = at;
      while (isDigit(bytes[at])) at++;
      if (at === from) return false;
    }
    this.#whole = isWhole && at === wholeEnd ? value : -1;
    this.#at = at;
    return true;
  }
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 48 && byte <= 57;

/** Bytes of an escape that begins at `at`; 0 when it is none. */
function escapeLength(bytes: Buffer, at: number): number {
  const kind = bytes[at + 1];
  if (kind !== escapedUnicode) return simpleEscapes.has(kind as number) ? 2 : 0;
  for (let i = at + 2; i < at + 6; i++) if (!isHex(bytes[i])) return 0;
  return 6;
}

const simpleEscapes = new Set(bytesOf('"\\/bfnrt'));

function isHex(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const lower = byte | 32;
  return isDigit(byte) || (lower >= 97 && lower <= 102);
}
