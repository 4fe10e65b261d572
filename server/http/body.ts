import { AppError } from "@portico/core";
import { Chunks } from "@portico/core/chunks";
import { isObject } from "@portico/core/json";
import { faultOfForeign, faultOfStored } from "../db/storable.ts";

/** What a body holds: the fields, and the id that its envelope names. */
export type SentBody = { fields: unknown; id?: unknown };

/** Reads a request's JSON, whatever its Content-Type (curl's default is a form's), and takes it out of its envelope. */
export async function readJsonBody(request: Request, limits: { maxBytes: number; optional: boolean }): Promise<SentBody> {
  const value = await parseJson(request, limits);
  refuse(faultOfStored(value));
  return unwrap(value);
}

/** The same with the envelope left alone, for JSON that is not ours to interpret. */
export async function readJson(request: Request, limits: { maxBytes: number; optional: boolean }): Promise<unknown> {
  const value = await parseJson(request, limits);
  refuse(faultOfForeign(value));
  return value;
}

function refuse(fault: string | undefined): void {
  if (fault) throw new AppError({ code: "invalid_json", message: `The body ${fault}.` });
}

async function parseJson(request: Request, { maxBytes, optional }: { maxBytes: number; optional: boolean }): Promise<unknown> {
  const text = await readText(request, maxBytes);
  if (text.trim() === "") {
    if (optional) return {};
    throw new AppError({ code: "invalid_json", message: "The request has no body; send a JSON object." });
  }
  let value: unknown;
  try {
    value = hasLongNumber.test(text) ? JSON.parse(text, refuseLostDigits) : JSON.parse(text);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError({ code: "invalid_json", message: `The body is not valid JSON: ${(cause as Error).message}`, cause });
  }
  return value;
}

const envelopeMembers = new Set(["data", "meta", "jsonapi", "links", "included"]);

/** `{data:{type,attributes}}` and `{data:{type,id}}` (relations) become their contents; anything else stays. */
function unwrap(value: unknown): SentBody {
  if (!isObject(value) || !isObject(value.data) || !Object.keys(value).every((name) => envelopeMembers.has(name))) return { fields: value };
  const { id, type, attributes } = value.data;
  if (isObject(attributes)) return { fields: attributes, id };
  return { fields: type !== undefined && id !== undefined ? { id } : value };
}

const hasLongNumber = /\d{16}/;

/** JavaScript would keep another number. */
function refuseLostDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  const digits = typeof value === "number" && /^-?\d+$/.exec(context?.source ?? "")?.[0];
  if (digits && BigInt(digits) !== BigInt(value as number))
    refuse(`has the number ${digits.slice(0, 40)}, which would lose precision: send it as a string`);
  return value;
}

function refuseEncoded(request: Request, body?: Buffer): void {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  // What gzip begins with is no JSON.
  const isGzip = body !== undefined && body[0] === 0x1f && body[1] === 0x8b;
  if (!isGzip && (encoding === "" || encoding === "identity")) return;
  throw new AppError({
    code: "unsupported_media_type",
    message: "The body must not be compressed: send plain JSON, without Content-Encoding.",
  });
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

async function readText(request: Request, maxBytes: number): Promise<string> {
  refuseEncoded(request);
  const tooLarge = () =>
    new AppError({ code: "payload_too_large", message: `The body is larger than ${maxBytes} bytes, the limit of this endpoint.` });
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge();
  if (!request.body) return "";
  const chunks = new Chunks();
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    chunks.add(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (chunks.bytes > maxBytes) throw tooLarge();
  }
  const body = chunks.all();
  refuseEncoded(request, body);
  try {
    return utf8.decode(body);
  } catch (cause) {
    throw new AppError({ code: "invalid_json", message: "The body is not valid UTF-8.", cause });
  }
}
