import type { IncomingMessage, ServerResponse } from "node:http";
import sirv from "sirv";

const prefix = "/_next/static/";

/** Answers for a file that the build made; false when the path is not one. */
export type StaticFiles = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

/** The built files of pages, in the encoding that the build compressed them to. Their names contain their hashes, so browsers keep them. */
export function createStaticFiles(dir: string): StaticFiles {
  const serve = sirv(dir, { brotli: true, gzip: true, immutable: true, maxAge: 31_536_000 });
  return (incoming, outgoing) => {
    const { url = "", method } = incoming;
    if (!url.startsWith(prefix) || (method !== "GET" && method !== "HEAD")) return false;
    let isFound = true;
    incoming.url = url.slice(prefix.length - 1);
    serve(incoming, outgoing, () => {
      isFound = false;
      incoming.url = url;
    });
    return isFound;
  };
}
