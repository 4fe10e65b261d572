import { Chunks } from "@portico/core/chunks";
import { type Exchange, headerOf } from "./exchange.ts";
import { later, next, refuse, type Step } from "./reply.ts";
import type { Resume } from "./run.ts";

const nothing = Buffer.alloc(0);

const tooLarge = (limit: number) =>
  refuse({ status: 413, reason: "request_too_large", message: `The request body is larger than ${limit} bytes, which is the limit.` });

/** Reads the body into memory, bounded. Answers at once when there is none or it has already been read. */
export function receive(exchange: Exchange, limitBytes: number, resume: Resume): Step {
  if (exchange.body) return next;
  const { req } = exchange;
  const announced = req.headers["content-length"];
  if (announced === "0" || (announced === undefined && req.headers["transfer-encoding"] === undefined)) {
    exchange.body = nothing;
    return next;
  }
  if (announced !== undefined && Number(announced) > limitBytes) return tooLarge(limitBytes);
  const encoding = headerOf(exchange, "content-encoding");
  if (encoding && encoding !== "identity") {
    const message = `Content-Encoding "${encoding}" is not supported for requests; send the body uncompressed.`;
    return refuse({ status: 415, reason: "unsupported_encoding", message });
  }
  const chunks = new Chunks();
  let bytes = 0;
  req.on("data", (chunk: Buffer) => {
    const fitted = bytes <= limitBytes;
    bytes += chunk.length;
    if (bytes <= limitBytes) chunks.add(chunk);
    else if (fitted) {
      // What still comes is read and thrown away: a client that is busy sending would not see the answer otherwise.
      chunks.clear();
      resume(exchange, tooLarge(limitBytes));
    }
  });
  req.on("end", () => {
    if (bytes > limitBytes) return;
    exchange.requestBytes = bytes;
    exchange.body = chunks.all();
    resume(exchange, next);
  });
  // A client that leaves is settled where its connection is watched; nothing goes on in its name.
  req.on("error", () => undefined);
  return later;
}
