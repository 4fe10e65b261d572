import { AppError } from "@portico/core";
import { Chunks } from "@portico/core/chunks";
import { faultOfForeign, faultOfStored } from "../db/storable.ts";

/** Reads a request's JSON, whatever its Content-Type (curl's default is a form's), and takes it out of its envelope. */
export async function readJsonBody(request: Request, limits: { maxBytes: number; optional: boolean }): Promise<unknown> {
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
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError({ code: "invalid_json", message: `The body is not valid JSON: ${(cause as Error).message}`, cause });
  }
  return value;
}

/** `{data:{type,attributes}}` and `{data:{type,id}}` (relations) become their contents; anything else stays. */
function unwrap(value: unknown): unknown {
  if (!isObject(value) || Object.keys(value).length !== 1 || !isObject(value.data)) return value;
  const { data } = value;
  if (isObject(data.attributes)) return data.attributes;
  return "type" in data && "id" in data ? { id: data.id } : value;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

async function readText(request: Request, maxBytes: number): Promise<string> {
  const tooLarge = () =>
    new AppError({ code: "payload_too_large", message: `The body is larger than ${maxBytes} bytes, the most this endpoint takes.` });
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge();
  if (!request.body) return "";
  const chunks = new Chunks();
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    chunks.add(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (chunks.bytes > maxBytes) throw tooLarge();
  }
  return new TextDecoder().decode(chunks.all());
}
