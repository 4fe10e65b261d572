import { createHash } from "node:crypto";

const maxChars = 4 * 1024 * 1024;
const maxMatches = 1_000;
/** Their hashes are in a header of every frame. */
const maxHandlers = 60;

const handler = /\bon[a-z]{3,20}\s{0,5}=\s{0,5}(?:\\?"([^"\\]{1,1000})\\?"|\\?'([^'\\]{1,1000})\\?')/g;
const entities: Record<string, string> = { "&quot;": '"', "&#39;": "'", "&apos;": "'", "&lt;": "<", "&gt;": ">", "&amp;": "&" };

/**
 * Policy sources of the inline event handlers (`onclick="…"`) that are written in a plugin's own files. What a page builds at run time, or
 * somebody's text brings along, is not among them and does not run. Reads a bounded part of a script or page as text; nothing is evaluated.
 */
export function inlineHandlers(source: string): string[] {
  const found = new Set<string>();
  let matches = 0;
  for (const [, double, single] of source.slice(0, maxChars).matchAll(handler)) {
    if (found.size >= maxHandlers || ++matches > maxMatches) break;
    const text = (double ?? single ?? "").replace(/&(?:quot|#39|apos|lt|gt|amp);/g, (entity) => entities[entity] ?? entity);
    // Filled in at run time: what it will be is not known.
    if (text.includes("${")) continue;
    found.add(`'sha256-${createHash("sha256").update(text).digest("base64")}'`);
  }
  return [...found];
}
