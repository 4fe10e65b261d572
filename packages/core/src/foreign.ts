/**
 * Rules for bytes that somebody else wrote (a vendor, a plugin) and that leave from an origin of ours. Used by studio and by the gateway.
 */

/** The policy of an answer that is data: should a browser show it as a page, it has no origin, scripts, forms or subresources. */
export const inertPolicy = "sandbox; default-src 'none'; frame-ancestors 'none'";

const data = [
  "json",
  "x-ndjson",
  "ndjson",
  "jsonl",
  "x-jsonlines",
  "octet-stream",
  "cbor",
  "msgpack",
  "protobuf",
  "x-protobuf",
  "zip",
  "gzip",
];

/**
 * Media types that no browser shows as a document of ours: data, plain text, sound, film and pictures without scripts. The value must be a
 * single type; a comma would let a browser pick another one than was checked.
 */
const inert = new RegExp(
  `^(?:${[
    `application/(?:${data.join("|")}|[a-z0-9.-]+\\+json|x-tar|vnd\\.amazon\\.eventstream|vnd\\.apache\\.parquet)`,
    "text/(?:plain|event-stream|csv)",
    "(?:audio|video|font)/[a-z0-9.+-]+",
    "image/(?:png|jpeg|gif|webp|avif|bmp)",
    "multipart/(?:mixed|form-data)",
  ].join("|")})\\s*(?:;[^,]*)?$`,
  "i",
);

/** JSON and event streams, what APIs mostly answer: no browser shows anything but their text. */
const plainData = /^(?:application\/json|text\/event-stream)\s*(?:;[^,]*)?$/i;

/** A content type as it may leave, and whether it is plain data. */
export type InertType = { value: string; isPlainData: boolean };

const download: InertType = { value: "application/octet-stream", isPlainData: false };
const remembered = new Map<string, InertType>();

/** The content type as it is when no browser can render it as a page, otherwise the type of a download. */
export function inertType(contentType: string): InertType {
  let result = remembered.get(contentType);
  if (result === undefined) {
    const isInert = inert.test(contentType.trim());
    result = isInert ? { value: contentType, isPlainData: plainData.test(contentType.trim()) } : download;
    if (remembered.size < 1_000 && contentType.length < 200) remembered.set(contentType, result);
  }
  return result;
}
