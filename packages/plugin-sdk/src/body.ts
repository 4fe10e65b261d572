import type { Body, HeaderChanges } from "./results.ts";

/** The bytes of a body, and the content type it implies when it is JSON made from an object. */
export function encodeBody(body: Body): { bytes: Buffer; contentType: string | undefined } {
  if (typeof body === "string") return { bytes: Buffer.from(body), contentType: undefined };
  if (body instanceof Uint8Array) return { bytes: Buffer.from(body.buffer, body.byteOffset, body.byteLength), contentType: undefined };
  return { bytes: Buffer.from(JSON.stringify(body)), contentType: "application/json" };
}

/** The header's value, whatever the case of its name. */
export function headerOf(headers: Record<string, string>, name: string): string | undefined {
  const wanted = name.toLowerCase();
  for (const [key, value] of Object.entries(headers)) if (key.toLowerCase() === wanted) return value;
  return undefined;
}

/** `headers` with `changes` made; names are compared without case and keep the casing of the change. */
export function mergeHeaders(headers: Record<string, string>, changes: HeaderChanges): Record<string, string> {
  const changed = new Set(Object.keys(changes).map((name) => name.toLowerCase()));
  const out = Object.fromEntries(Object.entries(headers).filter(([name]) => !changed.has(name.toLowerCase())));
  for (const [name, value] of Object.entries(changes)) if (value !== null) out[name] = value;
  return out;
}

/** The body as a JSON object, or undefined when it is anything else. */
export function jsonObject(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
