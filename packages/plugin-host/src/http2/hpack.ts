/** Code lengths of RFC 7541, appendix B, in base 36, for the symbols 0 to 255 and the end of a string. */
const huffmanLengths =
  "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6cad67777777777777777777777878djde6f56565666577666567655677777fbeds" +
  "kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmnqqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrqu";
const endOfString = 256;
const longestCode = 30;

/** The code is canonical: of one length, codes follow each other in the order of their symbols. */
const symbols = [...Array(huffmanLengths.length).keys()];
const lengthOf = (symbol: number) => Number.parseInt(huffmanLengths[symbol] as string, 36);
symbols.sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
const counts = new Uint16Array(longestCode + 1);
for (const symbol of symbols) counts[lengthOf(symbol)] = (counts[lengthOf(symbol)] as number) + 1;

const staticTable: readonly (readonly [name: string, value: string])[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ...(
    "accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control content-disposition " +
    "content-encoding content-language content-length content-location content-range content-type cookie date etag expect expires from " +
    "host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified link location max-forwards " +
    "proxy-authenticate proxy-authorization range referer refresh retry-after server set-cookie strict-transport-security " +
    "transfer-encoding user-agent vary via www-authenticate"
  )
    .split(" ")
    .map((name) => [name, ""] as const),
];
/** What RFC 7541 adds to the length of a field for the size of tables and lists. */
const fieldOverhead = 32;
/** Of the dynamic table, until a peer has acknowledged a smaller one. */
const initialTableBytes = 4_096;
const maxInteger = 2 ** 28;

/** A header block that cannot be decoded; the state that it shares with later blocks is lost with it. */
export class HpackError extends Error {}

/** @throws HpackError when the bits between `start` and `end` are no Huffman coded string. */
function huffmanDecoded(block: Buffer, start: number, end: number): string {
  const out: number[] = [];
  let code = 0;
  let first = 0;
  let index = 0;
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = block[at] as number;
    for (let bit = 7; bit >= 0; bit--) {
      code = code * 2 + ((byte >> bit) & 1);
      first *= 2;
      length += 1;
      if (length > longestCode) throw new HpackError("a Huffman code is too long");
      const count = counts[length] as number;
      if (code - first < count) {
        const symbol = symbols[index + code - first] as number;
        if (symbol === endOfString) throw new HpackError("a string contains the end of strings");
        out.push(symbol);
        code = first = index = length = 0;
      } else {
        index += count;
        first += count;
      }
    }
  }
  // The last byte is filled up with the beginning of the end of strings, which is all ones.
  if (length > 7 || code !== 2 ** length - 1) throw new HpackError("a Huffman coded string is not filled up with ones");
  return Buffer.from(out).toString("latin1");
}

/** Decodes the header blocks of one connection, in the order in which they came. */
export class HpackDecoder {
  /** Whether the last block changed, or was read with, what this decoder remembers: the same bytes may then mean something else. */
  wasStateful = false;
  readonly #maxListBytes: number;
  #tableLimit = initialTableBytes;
  #tableMax = initialTableBytes;
  #tableBytes = 0;
  /** Newest first. */
  #table: (readonly [name: string, value: string])[] = [];
  #block: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;

  constructor({ maxListBytes }: { maxListBytes: number }) {
    this.#maxListBytes = maxListBytes;
  }

  /** The peer has acknowledged that it may not ask for a larger table than this. */
  limitTable(bytes: number): void {
    this.#tableLimit = bytes;
  }

  /**
   * @returns false when the list of headers is longer than allowed; `take` was then called for its beginning only.
   * @throws HpackError
   */
  decode(block: Buffer, start: number, end: number, take: (name: string, value: string) => void): boolean {
    this.#block = block;
    this.#at = start;
    this.#end = end;
    this.wasStateful = false;
    let listBytes = 0;
    let hasField = false;
    while (this.#at < end) {
      const byte = block[this.#at] as number;
      if ((byte & 0xe0) === 0x20) {
        if (hasField) throw new HpackError("a table size update comes after a field");
        this.#resize(this.#integer(0x1f));
        continue;
      }
      hasField = true;
      const [name, value] = (byte & 0x80) !== 0 ? this.#entry(this.#integer(0x7f)) : this.#literal(byte);
      listBytes += name.length + value.length + fieldOverhead;
      if (listBytes <= this.#maxListBytes) take(name, value);
    }
    return listBytes <= this.#maxListBytes;
  }

  #literal(byte: number): readonly [string, string] {
    const isIndexed = (byte & 0x40) !== 0;
    const index = this.#integer(isIndexed ? 0x3f : 0x0f);
    const name = index === 0 ? this.#string() : this.#entry(index)[0];
    const field = [name, this.#string()] as const;
    if (isIndexed) this.#add(field);
    return field;
  }

  #entry(index: number): readonly [string, string] {
    const fromTable = index - staticTable.length - 1;
    if (fromTable >= 0) this.wasStateful = true;
    const entry = fromTable >= 0 ? this.#table[fromTable] : staticTable[index - 1];
    if (!entry) throw new HpackError(`there is no entry ${index}`);
    return entry;
  }

  #add(field: readonly [string, string]): void {
    if (this.#tableLimit === 0 && this.#tableMax === 0) return;
    this.wasStateful = true;
    this.#table.unshift(field);
    this.#tableBytes += field[0].length + field[1].length + fieldOverhead;
    this.#evict();
  }

  #resize(bytes: number): void {
    if (bytes > this.#tableLimit) throw new HpackError(`the peer wants a table of ${bytes} bytes, ${this.#tableLimit} are allowed`);
    this.wasStateful = true;
    this.#tableMax = bytes;
    this.#evict();
  }

  #evict(): void {
    while (this.#tableBytes > this.#tableMax) {
      const oldest = this.#table.pop();
      if (!oldest) return;
      this.#tableBytes -= oldest[0].length + oldest[1].length + fieldOverhead;
    }
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new HpackError("the block ends within a field");
    return this.#block[this.#at++] as number;
  }

  #integer(prefix: number): number {
    let value = this.#byte() & prefix;
    if (value < prefix) return value;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (value > maxInteger || factor > maxInteger) throw new HpackError("a number is too large");
      if ((byte & 0x80) === 0) return value;
    }
  }

  #string(): string {
    const isHuffman = this.#at < this.#end && ((this.#block[this.#at] as number) & 0x80) !== 0;
    const start = this.#integer(0x7f) + this.#at;
    const from = this.#at;
    if (start > this.#end) throw new HpackError("the block ends within a string");
    this.#at = start;
    return isHuffman ? huffmanDecoded(this.#block, from, start) : this.#block.toString("latin1", from, start);
  }
}

function integer(value: number, prefix: number, flags: number): number[] {
  if (value < prefix) return [flags | value];
  const bytes = [flags | prefix];
  let rest = value - prefix;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return bytes;
}

/** A header block that means the same at any time: it neither uses nor fills the peer's dynamic table. ASCII only. */
export function encodeHeaders(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(
    fields.map(([name, value]) => {
      const whole = staticTable.findIndex((entry) => entry[0] === name && entry[1] === value) + 1;
      if (whole > 0) return Buffer.from(integer(whole, 0x7f, 0x80));
      const named = staticTable.findIndex((entry) => entry[0] === name) + 1;
      const string = (text: string) => Buffer.concat([Buffer.from(integer(text.length, 0x7f, 0)), Buffer.from(text, "latin1")]);
      return Buffer.concat([Buffer.from(integer(named, 0x0f, 0)), ...(named === 0 ? [string(name)] : []), string(value)]);
    }),
  );
}
