import type { ParameterStyle } from "./definition.ts";
import { type Fields, isFields, type Value } from "./values.ts";

/* How OpenAPI writes parameters into a URL, a header and a cookie: its table of styles, which follows RFC 6570. */

export type Style = { style: ParameterStyle; explode: boolean; allowReserved?: boolean | undefined };
type Encode = (text: string) => string;

/** Everything but unreserved characters, also those that encodeURIComponent leaves. */
export const encode: Encode = (text) =>
  encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** Leaves what is reserved in a URL, but for what would end the value, and keeps what is encoded already. */
const encodeReserved: Encode = (text) =>
  text.toWellFormed().replace(/%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~:/?[\]@!$'()*,;%]/gu, (char) => encodeURIComponent(char));

const encoderOf = ({ allowReserved }: Style): Encode => (allowReserved ? encodeReserved : encode);

/** Texts of named values: those with parts of their own as JSON, which no style but deepObject can write. */
const flat = ({ entries }: Fields): [string, string][] => entries.map(([key, value]) => [key, plain(value)]);

function plain(value: string | string[] | Fields): string {
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.join(",") : JSON.stringify(nested(value));
}

const nested = ({ entries }: Fields): unknown =>
  Object.fromEntries(entries.map(([key, value]) => [key, isFields(value) ? nested(value) : value]));

/** For `{name}` in a path. */
export function pathText(name: string, value: Value, style: Style): string {
  const write = encoderOf({ ...style, allowReserved: false });
  const isExploded = style.explode;
  if (style.style === "matrix") {
    const prefix = `;${write(name)}`;
    const assigned = (key: string, text: string) => (text === "" ? key : `${key}=${text}`);
    if (typeof value === "string") return assigned(prefix, write(value));
    if (Array.isArray(value))
      return isExploded ? value.map((one) => assigned(prefix, write(one))).join("") : assigned(prefix, value.map(write).join(","));
    const pairs = flat(value).map(([key, one]) => [write(key), write(one)] as const);
    return isExploded ? pairs.map(([key, one]) => assigned(`;${key}`, one)).join("") : assigned(prefix, pairs.flat().join(","));
  }
  const isLabel = style.style === "label";
  const separator = isLabel && isExploded ? "." : ",";
  const lead = isLabel ? "." : "";
  if (typeof value === "string") return `${lead}${write(value)}`;
  if (Array.isArray(value)) return `${lead}${value.map(write).join(separator)}`;
  const pairs = flat(value).map(([key, one]) => (isExploded ? `${write(key)}=${write(one)}` : `${write(key)},${write(one)}`));
  return `${lead}${pairs.join(separator)}`;
}

/** `name=value` pairs of a query or a form, encoded. */
export function queryPairs(name: string, value: Value, style: Style): string[] {
  const write = encoderOf(style);
  const key = encode(name);
  if (typeof value === "string") return [`${key}=${write(value)}`];
  const isEmpty = Array.isArray(value) ? value.length === 0 : value.entries.length === 0;
  if (isEmpty) return [];
  if (style.style === "deepObject" && isFields(value)) return deepPairs(key, value, write);
  if (style.explode && Array.isArray(value)) return value.map((one) => `${key}=${write(one)}`);
  if (style.explode && isFields(value)) return flat(value).map(([field, one]) => `${encode(field)}=${write(one)}`);
  const separator = style.style === "spaceDelimited" ? "%20" : style.style === "pipeDelimited" ? "%7C" : ",";
  const parts = Array.isArray(value) ? value : flat(value).flat();
  return [`${key}=${parts.map(write).join(separator)}`];
}

const deepPairs = (prefix: string, { entries }: Fields, write: Encode): string[] =>
  entries.flatMap(([field, value]) => {
    const key = `${prefix}%5B${encode(field)}%5D`;
    if (isFields(value)) return deepPairs(key, value, write);
    return Array.isArray(value) ? value.map((one) => `${key}=${write(one)}`) : [`${key}=${write(value)}`];
  });

/** Headers know the style simple only, and are not encoded. */
export function headerText(value: Value, { explode }: Pick<Style, "explode">): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.join(",");
  return flat(value)
    .map(([key, one]) => (explode ? `${key}=${one}` : `${key},${one}`))
    .join(",");
}

/** Cookies know the style form only. */
export const cookiePairs = (name: string, value: Value, style: Style): string[] => queryPairs(name, value, { ...style, style: "form" });
