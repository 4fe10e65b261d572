import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";

/** Lets pages of other origins call the gateway from a browser. */
export type Cors = {
  /** Marks an answer as readable for the page that asks, when its origin is allowed. */
  mark(req: IncomingMessage, res: ServerResponse): void;
  /** The headers that answer a browser's question before it calls; undefined when it is none, or of an origin that is not allowed. */
  preflight(req: IncomingMessage): OutgoingHttpHeaders | undefined;
};

const rememberSeconds = 7_200;
const headerNames = /^[\w!#$%&'*+.^`|~, -]{1,4096}$/;

/** @param origins `*` stands for every one. Callers authenticate by a key, never by a cookie, so that no page acts in the name of its visitor. */
export function createCors({ origins, methods }: { origins: readonly string[]; methods: readonly string[] }): Cors {
  const allowed = new Set(origins);
  const isForAll = allowed.has("*");

  const allowFor = ({ headers }: IncomingMessage): string | undefined =>
    headers.origin === undefined ? undefined : isForAll ? "*" : allowed.has(headers.origin) ? headers.origin : undefined;

  return {
    mark(req, res) {
      if (!isForAll) res.setHeader("vary", "origin");
      const origin = allowFor(req);
      if (origin === undefined) return;
      res.setHeader("access-control-allow-origin", origin);
      res.setHeader("access-control-expose-headers", "*");
    },
    preflight(req) {
      const wanted = req.headers["access-control-request-method"];
      if (req.method !== "OPTIONS" || wanted === undefined || allowFor(req) === undefined) return undefined;
      const names = req.headers["access-control-request-headers"];
      return {
        "access-control-allow-methods": methods.join(", "),
        // "*" would not stand for Authorization.
        ...(names && headerNames.test(names) ? { "access-control-allow-headers": names } : {}),
        "access-control-max-age": String(rememberSeconds),
      };
    },
  };
}
