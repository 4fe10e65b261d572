import { Chunks } from "@portico/core/chunks";
import { createDecoder, knownEncodings } from "./decoder.ts";
import { type Exchange, headerOf, type Target } from "./exchange.ts";
import { later, next, refuse, type Step, tooLarge } from "./reply.ts";
import type { Resume } from "./run.ts";
import { headBytes, keptBodyBytes, Upload } from "./upload.ts";

const nothing = Buffer.alloc(0);

/**
 * Reads the body into memory, bounded; of a large one that is only sent on, the beginning. Answers at once when there is none or it has
 * already been read.
 * @param isOnlySent nothing needs the body as a whole.
 */
export function receive<T extends Target>(
  exchange: Exchange<T>,
  { limitBytes, isOnlySent = false }: { limitBytes: number; isOnlySent?: boolean },
  resume: Resume<T>,
): Step {
  if (exchange.body || exchange.upload) return next;
  const { req } = exchange;
  const announced = req.headers["content-length"];
  if (announced === "0" || (announced === undefined && req.headers["transfer-encoding"] === undefined)) {
    exchange.body = nothing;
    return next;
  }
  if (announced !== undefined && Number(announced) > limitBytes) return refuse(tooLarge(limitBytes));
  const encoding = headerOf(exchange, "content-encoding");
  if (encoding && encoding.toLowerCase() !== "identity") return receiveEncoded(exchange, { encoding, limitBytes, resume });
  const chunks = new Chunks();
  let bytes = 0;
  const streamedFrom = isOnlySent ? (Number(announced) > keptBodyBytes ? headBytes : keptBodyBytes) : Number.POSITIVE_INFINITY;
  const onData = (chunk: Buffer) => {
    const fitted = bytes <= limitBytes;
    bytes += chunk.length;
    if (bytes <= limitBytes) chunks.add(chunk);
    else if (fitted) {
      // What still comes is read and thrown away: a client that is busy sending would not see the answer otherwise.
      chunks.clear();
      resume(exchange, refuse(tooLarge(limitBytes)));
    }
    if (bytes > streamedFrom && bytes <= limitBytes) {
      req.off("data", onData).off("end", onEnd).pause();
      exchange.upload = new Upload({ req, head: chunks.all(), limitBytes });
      resume(exchange, next);
    }
  };
  const onEnd = () => {
    if (bytes > limitBytes) return;
    exchange.requestBytes = bytes;
    exchange.body = chunks.all();
    resume(exchange, next);
  };
  req.on("data", onData);
  req.on("end", onEnd);
  // A client that leaves is settled where its connection is watched; nothing goes on in its name.
  req.on("error", () => undefined);
  return later;
}

type Encoded<T extends Target> = { encoding: string; limitBytes: number; resume: Resume<T> };

/** A compressed body is judged and sent decompressed; the limit is on what comes out, however little went in. */
function receiveEncoded<T extends Target>(exchange: Exchange<T>, { encoding, limitBytes, resume }: Encoded<T>): Step {
  const { req } = exchange;
  const chunks = new Chunks();
  const answer = (step: Step) => {
    chunks.clear();
    decoder?.destroy();
    decoder = undefined;
    // As above: what still comes is thrown away.
    req.resume();
    resume(exchange, step);
  };
  let decoder = createDecoder(encoding, {
    control: req,
    onData(chunk) {
      chunks.add(chunk);
      if (chunks.bytes > limitBytes) answer(refuse(tooLarge(limitBytes)));
    },
    onEnd() {
      exchange.body = chunks.all();
      resume(exchange, next);
    },
    onError: () =>
      answer(
        refuse({
          status: 400,
          reason: "body_encoding_invalid",
          message: `Bad request: the body cannot be decompressed as ${encoding}, which its Content-Encoding says`,
        }),
      ),
  });
  if (!decoder) {
    const message = `Content-Encoding "${encoding}" is not supported for requests; use one of ${knownEncodings.join(", ")}, or none.`;
    return refuse({ status: 415, reason: "unsupported_encoding", message, headers: { "accept-encoding": knownEncodings.join(", ") } });
  }
  req.on("data", (chunk: Buffer) => {
    exchange.requestBytes += chunk.length;
    decoder?.write(chunk);
  });
  req.on("end", () => decoder?.end());
  req.on("error", () => decoder?.destroy());
  // A client that leaves in the middle ends nothing.
  req.on("close", () => void (req.complete || decoder?.destroy()));
  return later;
}
