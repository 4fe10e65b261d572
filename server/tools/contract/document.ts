import { z } from "zod";
import { must } from "../../fields/contract.ts";

export const maxDocumentBytes = 1024 * 1024;

const utf8 = new TextDecoder("utf-8", { fatal: true });
const tooLarge = `must be at most ${maxDocumentBytes / 1024 / 1024} MiB: leave out operations that you do not need`;

/** Base64 of UTF-8, or the text of a document itself: no document is valid base64, as it has at least a colon. */
function decode(sent: string): { text: string } | { fault: string } {
  const compact = sent.replace(/\s+/g, "");
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(compact)) return { text: sent };
  try {
    return { text: utf8.decode(Uint8Array.from(atob(compact.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0))) };
  } catch {
    return { fault: "must be base64 of UTF-8 text, or an OpenAPI document in JSON or YAML" };
  }
}

/** The text of a document that was sent or is shown as base64. */
export function documentText(base64: string): string {
  const decoded = decode(base64);
  return "text" in decoded ? decoded.text : "";
}

export function documentBase64(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** A document, read as its base64. */
export const ToolDocument = z
  .string({ error: must("text") })
  .min(1, "is required")
  .max(maxDocumentBytes * 1.5, tooLarge)
  .transform((sent, ctx): string => {
    const decoded = decode(sent);
    const fault =
      "fault" in decoded
        ? decoded.fault
        : decoded.text.includes("\0")
          ? "must not contain NUL characters"
          : new TextEncoder().encode(decoded.text).length > maxDocumentBytes
            ? tooLarge
            : undefined;
    if (fault === undefined && "text" in decoded) return documentBase64(decoded.text);
    ctx.addIssue({ code: "custom", message: fault ?? "is not valid" });
    return z.NEVER;
  });
