import { maxOutlineBytes, type Outline } from "./outline.ts";

const lineEnd = Buffer.from("\r\n");
const headEnd = Buffer.from("\r\n\r\n");
const empty = Buffer.alloc(0);
const maxHeadBytes = 16 * 1024;

/** Keeps a multipart form but for the contents of its files. */
export class FormOutline implements Outline {
  fault = "";
  readonly #divider: Buffer;
  readonly #mark: Buffer;
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  /** What has arrived and is not yet kept or left out. */
  #unread: Buffer = empty;
  #isInHead = true;
  #isFile = false;
  /** The line end between the head of a part and its content has been kept. */
  #isContentBegun = false;
  /** Boundaries in all that has arrived, wherever they are, and the last bytes of it, in which one may begin. */
  #marks = 0;
  #lastBytes: Buffer = empty;
  #held: Buffer = empty;

  constructor(boundary: string) {
    this.#divider = Buffer.from(`\r\n--${boundary}`);
    this.#mark = this.#divider.subarray(lineEnd.length);
  }

  push(chunk: Buffer): Buffer {
    this.#countMarks(chunk);
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    while (this.fault === "" && (this.#isInHead ? this.#readHead() : this.#readContent()));
    // The chunk's memory is not kept for the few bytes that wait.
    this.#unread = Buffer.from(this.#unread);
    const bytes = Buffer.concat([this.#held, chunk]);
    // Without the end of its last boundary a form is not complete.
    const passed = Math.max(0, bytes.length - this.#divider.length - 2 * lineEnd.length);
    this.#held = Buffer.from(bytes.subarray(passed));
    return bytes.subarray(0, passed);
  }

  end(): Buffer | undefined {
    this.#keep(this.#unread);
    const outline = Buffer.concat(this.#kept, this.#keptBytes);
    // A boundary within a file is one to a parser that takes other line ends.
    if (countOf(outline, this.#mark) !== this.#marks) this.fault ||= "its boundary is in one of its files too";
    return this.fault === "" ? outline : undefined;
  }

  rest(): Buffer {
    return this.#held;
  }

  #countMarks(chunk: Buffer): void {
    const bytes = this.#lastBytes.length === 0 ? chunk : Buffer.concat([this.#lastBytes, chunk]);
    this.#marks += countOf(bytes, this.#mark);
    // A boundary that has been counted ends in front of what is kept, or is not whole in it.
    const last = bytes.lastIndexOf(this.#mark);
    const from = Math.max(last < 0 ? 0 : last + this.#mark.length, bytes.length - this.#mark.length + 1);
    this.#lastBytes = Buffer.from(bytes.subarray(from));
  }

  /** @returns whether there is more to read. */
  #readHead(): boolean {
    const end = this.#unread.indexOf(headEnd);
    if (end < 0) {
      if (this.#unread.length > maxHeadBytes) this.fault = "the head of one of its parts is too long";
      return false;
    }
    this.#isFile = /;\s*filename\*?\s*=/i.test(this.#unread.toString("latin1", 0, end));
    this.#keep(this.#unread.subarray(0, end + lineEnd.length));
    this.#unread = this.#unread.subarray(end + lineEnd.length);
    this.#isInHead = false;
    this.#isContentBegun = false;
    return true;
  }

  /** Begins with the line end before the content, which is the one after it when the content is empty. */
  #readContent(): boolean {
    const end = this.#unread.indexOf(this.#divider);
    this.#isInHead = end === 0;
    if (end === 0) return true;
    const sure = end > 0 ? end : this.#unread.length - this.#divider.length + 1;
    if (!this.#isContentBegun) {
      if (sure < lineEnd.length) return false;
      this.#isContentBegun = true;
      this.#keep(lineEnd);
      this.#unread = this.#unread.subarray(lineEnd.length);
      return true;
    }
    if (sure <= 0) return false;
    if (!this.#isFile) this.#keep(this.#unread.subarray(0, sure));
    this.#unread = this.#unread.subarray(sure);
    return end > 0;
  }

  #keep(bytes: Buffer): void {
    this.#keptBytes += bytes.length;
    if (this.#keptBytes > maxOutlineBytes) this.fault ||= "its fields besides its files are too long";
    else this.#kept.push(Buffer.from(bytes));
  }
}

function countOf(bytes: Buffer, mark: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + mark.length)) count++;
  return count;
}
