/**
 * Headers that carry credentials or are a matter between Portico's own processes. One list for everything that leaves the process that
 * received them: vendors, plugins and logs.
 */
export const credentialHeaders: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "x-api-key",
  "api-key",
  "x-goog-api-key",
  "cookie",
  "set-cookie",
]);

/** Headers with this prefix are addressed to Portico itself. */
export const ownHeaderPrefix = "x-portico-";

/** @param name in lower case. */
export const isNeverShown = (name: string): boolean => credentialHeaders.has(name) || name.startsWith(ownHeaderPrefix);

/** Stands where a secret stood. */
export const redacted = "[redacted]";
