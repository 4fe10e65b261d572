/*
 * Documents of tools as base64 and as text. Without imports, so that pages load nothing else.
 */

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Base64 of UTF-8, or the text of a document itself: no document is valid base64, as it has at least a colon. */
export function decodeDocument(sent: string): { text: string } | { fault: string } {
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
  const decoded = decodeDocument(base64);
  return "text" in decoded ? decoded.text : "";
}

export function documentBase64(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
