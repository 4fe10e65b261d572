import { AppError } from "@portico/core";
import { Chunks } from "@portico/core/chunks";

export type SentFile = { name: string; bytes: Buffer };
/** The fields of a form: texts, and files whole. */
export type SentForm = { texts: Record<string, string>; files: Record<string, SentFile> };

export const isMultipart = (request: Request): boolean => /^multipart\/form-data\b/i.test(request.headers.get("content-type") ?? "");

/** Reads a form with files, up to a size. @throws AppError for anything else. */
export async function readForm(request: Request, maxBytes: number): Promise<SentForm> {
  if (!isMultipart(request))
    throw new AppError({
      code: "unsupported_media_type",
      message: "The body must be multipart/form-data, as forms and `curl -F` send it.",
    });
  const tooLarge = () =>
    new AppError({ code: "payload_too_large", message: `The body is larger than ${maxBytes} bytes, the limit of this endpoint.` });
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge();
  const chunks = new Chunks();
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.add(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (chunks.bytes > maxBytes) throw tooLarge();
  }
  let form: FormData;
  try {
    form = await new Response(Uint8Array.from(chunks.all()), {
      headers: { "content-type": request.headers.get("content-type") ?? "" },
    }).formData();
  } catch (cause) {
    throw new AppError({ code: "bad_request", message: "The body is not valid multipart/form-data.", cause });
  }
  const sent: SentForm = { texts: {}, files: {} };
  for (const [name, value] of form) {
    if (typeof value === "string") sent.texts[name] = value;
    else sent.files[name] = { name: value.name, bytes: Buffer.from(await value.arrayBuffer()) };
  }
  return sent;
}
