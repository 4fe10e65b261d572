import { z } from "zod";
import { must } from "../../fields/contract.ts";
import { decodeDocument, documentBase64 } from "./document-text.ts";

export const maxDocumentBytes = 1024 * 1024;

const tooLarge = `must be at most ${maxDocumentBytes / 1024 / 1024} MiB: leave out operations that you do not need`;

/** A document, read as its base64. */
export const ToolDocument = z
  .string({ error: must("text") })
  .min(1, "is required")
  .max(maxDocumentBytes * 1.5, tooLarge)
  .transform((sent, ctx): string => {
    const decoded = decodeDocument(sent);
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
