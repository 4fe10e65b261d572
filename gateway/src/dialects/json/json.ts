import { isObject, type Json } from "@portico/core/json";

export { isObject, type Json } from "@portico/core/json";

export const objectIn = (value: unknown, key: string): Json | undefined => {
  const inner = isObject(value) ? value[key] : undefined;
  return isObject(inner) ? inner : undefined;
};

export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** More tokens than any answer has; what is above is no count. */
const maxCount = 100_000_000;

/** A count a vendor reports; 0 when it reports none. @returns -1 for something that is no count: then nothing of the report is believed. */
export const countIn = (value: Json | undefined, key: string): number => {
  const count = value?.[key];
  if (count === undefined || count === null) return 0;
  return typeof count === "number" && count >= 0 && count <= maxCount ? Math.round(count) : -1;
};

const openBrace = 123;

export function beginsLikeObject(body: Buffer): boolean {
  for (const byte of body) if (byte !== 32 && byte !== 9 && byte !== 10 && byte !== 13) return byte === openBrace;
  return false;
}
