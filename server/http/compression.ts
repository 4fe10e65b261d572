import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import compression from "compression";

// What is sent in pieces as it arises must not wait in a compressor; images and fonts are compressed already.
const compressible = /^(?:text\/(?!event-stream)|application\/(?:json|javascript|xml|[\w.+-]+\+json)(?:;|$)|image\/svg\+xml)/;

const compress = compression({
  filter: (_request: IncomingMessage, response: ServerResponse) => {
    const type = response.getHeader("content-type");
    return typeof type === "string" && compressible.test(type);
  },
});

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** Sends pages and JSON with brotli or gzip to whoever accepts it. Streams of events, small answers and what has an encoding already stay as they are. */
export const compressed =
  (listener: RequestListener): RequestListener =>
  (incoming, outgoing) =>
    (compress as unknown as Middleware)(incoming, outgoing, () => listener(incoming, outgoing));
