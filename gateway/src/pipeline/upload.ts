import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { JsonOutline } from "../dialects/json/outline.ts";
import type { Outline } from "../dialects/outline.ts";
import { type Refusal, tooLarge } from "./reply.ts";

/** Bodies up to here are kept until they are complete. */
export const keptBodyBytes = 4 * 1024 * 1024;
/** Of a larger one that says so, as much as shows what kind of body it is. */
export const headBytes = 4 * 1024;
const bufferedBytes = 256 * 1024;

export type UploadHandlers = {
  /** All has arrived; what is held back waits for `release`. */
  onComplete(): void;
  /** It cannot be judged, or is too large. Nothing more is sent on. */
  onFault(refusal: Refusal): void;
};

/** How a body is read on its way. `undefined` as outline is for one that nothing is judged by. */
export type UploadOutline =
  | { kind: "json"; outline: JsonOutline }
  | { kind: "form"; outline: Outline }
  | { kind: "unread"; outline?: undefined };

/** A body too large to keep: it is sent to the vendor while it arrives, at the vendor's pace, but for its end, which waits for the judgement. */
export class Upload {
  /** What had arrived when it turned out to be large. */
  readonly head: Buffer;
  /** Bytes that the client announced; -1 when it did not. */
  readonly announcedBytes: number;
  /** Bytes that have arrived. */
  bytes = 0;
  /** It may be sent to its end. */
  isAdmitted = false;
  outline: UploadOutline = { kind: "unread" };
  readonly #req: IncomingMessage;
  readonly #limitBytes: number;
  #stream: Readable | undefined;
  #handlers: UploadHandlers | undefined;

  constructor({ req, head, limitBytes }: { req: IncomingMessage; head: Buffer; limitBytes: number }) {
    this.#req = req;
    this.head = head;
    this.#limitBytes = limitBytes;
    this.announcedBytes = req.headers["content-length"] === undefined ? -1 : Number(req.headers["content-length"]);
  }

  /** Begins to read what follows the head. The handlers are called later, one of them once. */
  start(handlers: UploadHandlers): Readable {
    const req = this.#req;
    this.#handlers = handlers;
    this.#stream = new Readable({
      highWaterMark: bufferedBytes,
      read: () => void req.resume(),
      destroy: (error, done) => {
        this.#discard();
        done(error);
      },
    });
    // Its error is the request's, which is answered elsewhere.
    this.#stream.on("error", () => undefined);
    req.on("data", this.#onData);
    req.on("end", this.#onEnd);
    // A client that leaves in the middle ends nothing.
    req.on("close", () => void (req.complete || this.#stream?.destroy()));
    setImmediate(() => this.#onData(this.head));
    return this.#stream;
  }

  /** Sends the end. @param added fields of JSON that become its last. */
  release(added = ""): void {
    this.isAdmitted = true;
    const rest = this.outline.outline?.rest(added);
    if (rest) this.#stream?.push(rest);
    this.#stream?.push(null);
  }

  /** Never sends the end, so that the vendor does not act on it. */
  cancel(error: Error): void {
    this.#stream?.destroy(error);
  }

  readonly #onData = (chunk: Buffer): void => {
    this.bytes += chunk.length;
    if (this.bytes > this.#limitBytes) {
      this.#fault(tooLarge(this.#limitBytes));
      return;
    }
    const { kind, outline } = this.outline;
    const passed = outline ? outline.push(chunk) : chunk;
    // A form that cannot be read may be one that need not be.
    if (kind === "json" && outline.fault) {
      this.#fault({ status: 400, reason: "invalid_json", message: `Bad request: ${outline.fault}` });
      return;
    }
    if (passed.length > 0 && this.#stream?.push(passed) === false) this.#req.pause();
  };

  readonly #onEnd = (): void => {
    const handlers = this.#handlers;
    this.#handlers = undefined;
    handlers?.onComplete();
  };

  #fault(refusal: Refusal): void {
    const handlers = this.#handlers;
    this.#discard();
    handlers?.onFault(refusal);
  }

  /** What still comes is read and thrown away: a client that is busy sending would not see the answer otherwise. */
  #discard(): void {
    this.#handlers = undefined;
    this.#req.off("data", this.#onData).off("end", this.#onEnd).resume();
  }
}
