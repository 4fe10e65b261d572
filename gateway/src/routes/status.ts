import type { Readiness } from "../health.ts";
import { sendReply } from "../pipeline/reply.ts";
import { type Arrival, answerNotFound, type Handler, type Surface } from "./surface.ts";

/** `/health`: the process is there. `/ready`: it can serve; with `?strict`, everything of it works, plugins and hub included. */
export function createStatusSurface({ readiness }: { readiness(authorization: string | undefined): Readiness }): Surface {
  const handlers = new Map<string, Handler>([
    ["/health", onRead((arrival) => sendJson(arrival, 200, { status: "ok", service: "gateway" }))],
    [
      "/ready",
      onRead((arrival) => {
        const { ready, degraded, body } = readiness(arrival.req.headers.authorization);
        const isStrict = new URLSearchParams(arrival.query).has("strict");
        sendJson(arrival, ready && !(isStrict && degraded) ? 200 : 503, body);
      }),
    ],
  ]);
  return { find: (path) => handlers.get(path) };
}

const onRead =
  (handle: Handler): Handler =>
  (arrival) =>
    arrival.req.method === "GET" || arrival.req.method === "HEAD" ? handle(arrival) : answerNotFound(arrival);

function sendJson({ res, requestId }: Arrival, status: number, body: unknown): void {
  sendReply(res, requestId, { status, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(body)) });
}
