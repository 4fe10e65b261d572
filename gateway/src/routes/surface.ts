import type { IncomingMessage, ServerResponse } from "node:http";
import type { Upgrade } from "../pipeline/llm-call.ts";
import { sendRefusal } from "../pipeline/reply.ts";

/** A request as it arrives, before anything is known of it but its URL. */
export type Arrival = {
  req: IncomingMessage;
  res: ServerResponse;
  requestId: string;
  nowMs: number;
  /** As the client wrote it, with repeated slashes joined. */
  path: string;
  /** With its "?", or "". */
  query: string;
  /** Set when the client wants to speak over a WebSocket; its answer ends the connection unless it is taken over. */
  upgrade?: Upgrade | undefined;
};

/** Answers requests for one path; it is kept for the next request for the same, so that it holds nothing of a request. */
export type Handler = (arrival: Arrival) => void;

/** A family of URLs that belong together. */
export type Surface = {
  /** @returns undefined for a path of another surface. */
  find(path: string): Handler | undefined;
};

export function answerNotFound({ req, res, requestId, path }: Arrival): void {
  const message = `Not found: ${req.method} ${path.slice(0, 200)}`;
  sendRefusal(res, requestId, { status: 404, reason: "route_not_found", message });
}
