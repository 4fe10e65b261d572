import type { CalledPath, VendorAddress } from "./vendor.ts";

/** Path and query of a call at most vendors. */
export const joinUrl = ({ basePath, baseQuery }: VendorAddress, { path, query }: CalledPath): string =>
  joinPath(basePath, path) + joinQuery(baseQuery, query);

/**
 * The base's path goes in front, but for what the client already wrote of it: with base `https://host/openai/v1`, all of `/models`,
 * `/v1/models` and `/openai/v1/models` reach `/openai/v1/models`. A base with a version of its own takes the place of the `/v1` that
 * clients of OpenAI write whatever the vendor's is.
 */
export function joinPath(basePath: string, path: string): string {
  if (!basePath || startsWithSegments(path, basePath)) return path;
  for (let at = basePath.indexOf("/", 1); at > 0; at = basePath.indexOf("/", at + 1)) {
    const end = basePath.slice(at);
    if (startsWithSegments(path, end)) return basePath + path.slice(end.length);
  }
  if (startsWithSegments(path, usualVersion) && version.test(basePath)) return basePath + path.slice(usualVersion.length);
  return basePath + path;
}

const usualVersion = "/v1";
const version = /\/v\d[\w.-]*(?:\/|$)/;

const startsWithSegments = (path: string, start: string): boolean =>
  path.startsWith(start) && (path.length === start.length || path.charCodeAt(start.length) === slash);
const slash = 47;

/** The endpoint's own parameters come first; both sides write theirs with a "?" in front, or nothing. */
function joinQuery(baseQuery: string, query: string): string {
  if (baseQuery === "") return query;
  return query.length > 1 ? `${baseQuery}&${query.slice(1)}` : baseQuery;
}
