import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import { Chunks } from "@portico/core/chunks";
import { type Dispatcher, request } from "undici";
import { CallFault } from "./faults.ts";

export type Exchanged = { status: number; headers: Record<string, string>; bytes: Buffer };

const decoders = { gzip: promisify(gunzip), "x-gzip": promisify(gunzip), deflate: promisify(inflate), br: promisify(brotliDecompress) };
const tooLarge = (maxBytes: number) =>
  new CallFault("too_large", `The answer is larger than ${maxBytes} bytes, the limit of a tool's answer.`);

/** One request and its whole answer. Redirects are answers: the key must not follow them. @throws CallFault, or what the connection says. */
export async function exchange(
  dispatcher: Dispatcher,
  { url, method, headers, body }: { url: URL; method: string; headers: Record<string, string>; body: Buffer | undefined },
  { maxAnswerBytes, signal }: { maxAnswerBytes: number; signal: AbortSignal },
): Promise<Exchanged> {
  const answer = await request(url, { dispatcher, method: method as Dispatcher.HttpMethod, headers, body: body ?? null, signal });
  const announced = Number(answer.headers["content-length"] ?? 0);
  const chunks = new Chunks();
  try {
    if (method !== "HEAD" && announced > maxAnswerBytes) throw tooLarge(maxAnswerBytes);
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      chunks.add(chunk);
      if (chunks.bytes > maxAnswerBytes) throw tooLarge(maxAnswerBytes);
    }
  } catch (error) {
    // Destroyed before it was read to its end, it says so once more.
    answer.body.on("error", () => undefined).destroy();
    throw error;
  }
  const flat = Object.fromEntries(
    Object.entries(answer.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]],
    ),
  );
  return { status: answer.statusCode, headers: flat, bytes: await decoded(chunks.all(), flat["content-encoding"], maxAnswerBytes) };
}

/** Some servers compress although they were asked not to. */
async function decoded(bytes: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() ?? "";
  const decode = Object.hasOwn(decoders, name) ? decoders[name as keyof typeof decoders] : undefined;
  if (!decode || bytes.length === 0) return bytes;
  try {
    return await decode(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(maxBytes);
    throw new CallFault("unreachable", `The answer says that it is compressed with ${name} and is not.`);
  }
}
