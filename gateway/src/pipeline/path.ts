/**
 * A path in the one form that is judged and sent. Servers differ in what they make of unusual spellings, so a spelling that could be read in
 * two ways is refused, and every other is written the usual way.
 */
export type NormalPath = { path: string; fault: "" } | { path: ""; fault: string };

const fault = (text: string): NormalPath => ({ path: "", fault: text });

const dots = "The path must not contain . or .. segments.";
const characters = "The path has a character that is not allowed in one: write it percent-encoded.";
const controls = "The path must not contain encoded control characters or backslashes.";
const twice = "The path is percent-encoded twice.";
const encoding = "The path has a % that is not followed by two hexadecimal digits.";

const unusual = /[^A-Za-z0-9/_-]/;
const notInPaths = /[^\x21-\x7e]|[\\#?]/;
// Some servers drop what follows a semicolon before they resolve the dots.
const dotSegment = /(?:^|\/|%2f)\.{1,2}(?:\/|%2f|;|%3b|$)/i;

/** @param raw begins with "/"; without a query. */
export function normalisePath(raw: string): NormalPath {
  let path = raw;
  if (path.includes("//")) path = path.replace(/\/{2,}/g, "/");
  if (unusual.test(path)) {
    if (notInPaths.test(path)) return fault(path.includes("\\") ? controls : characters);
    if (path.includes("%")) {
      if (/%(?![0-9a-f]{2})/i.test(path)) return fault(encoding);
      if (/%(?:[01][0-9a-f]|7f|5c)/i.test(path)) return fault(controls);
      if (/%25[0-9a-f]{2}/i.test(path)) return fault(twice);
      path = path.replace(/%[0-9a-f]{2}/gi, decodeUnreserved);
    }
    if (dotSegment.test(path)) return fault(dots);
  }
  if (path.length > 1 && path.endsWith("/")) path = path.slice(0, -1);
  return { path, fault: "" };
}

/** RFC 3986, 2.3: these mean the same encoded or not; everything else stays as it was written. */
function decodeUnreserved(encoded: string): string {
  const char = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
  return /[A-Za-z0-9._~-]/.test(char) ? char : encoded;
}
