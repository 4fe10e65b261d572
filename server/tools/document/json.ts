import type { Json } from "@portico/core/json";

export { isObject, type Json } from "@portico/core/json";

const unescaped = (part: string): string => part.replaceAll("~1", "/").replaceAll("~0", "~");

/** Parts of a JSON Pointer. */
export const pointerOf = (pointer: string): string[] => pointer.split("/").slice(1).map(unescaped);

/** What a reference within the document stands for; undefined when there is no such thing. */
export function targetOf(document: Json, ref: string): unknown {
  if (ref === "#") return document;
  if (!ref.startsWith("#/")) return undefined;
  let node: unknown = document;
  for (const part of ref.slice(2).split("/")) {
    const key = unescaped(decoded(part));
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, key)) return undefined;
    node = (node as Json)[key];
  }
  return node;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A stray % stands for itself.
    return part;
  }
}
