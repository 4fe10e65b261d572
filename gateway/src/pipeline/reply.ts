import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { GatewayReason } from "@portico/protocol";
import { answerGuards } from "./headers.ts";

/** An answer the gateway gives itself. */
export type Reply = {
  status: number;
  headers: OutgoingHttpHeaders;
  body: Buffer;
  outcome: "failed" | "blocked";
  reason: GatewayReason;
};

/** A phase continues, replies, goes on later through `resume`, or has taken over the answer. */
export type Step = typeof next | typeof later | typeof answering | { kind: "reply"; reply: Reply };

export const next = Object.freeze({ kind: "next" as const });
/** The phase will call the `resume` it was given. */
export const later = Object.freeze({ kind: "later" as const });
/** The upstream's answer is on its way to the client. */
export const answering = Object.freeze({ kind: "answering" as const });

export type Refusal = {
  status: number;
  reason: GatewayReason;
  message: string;
  /** Detail that helps to find the cause; never a secret. */
  error?: string | undefined;
  headers?: OutgoingHttpHeaders | undefined;
};

/** Refuses a request with the gateway's error shape: `{"status","message","error"?}`. */
export function refuse({ status, reason, message, error, headers }: Refusal): { kind: "reply"; reply: Reply } {
  return {
    kind: "reply",
    reply: {
      status,
      reason,
      outcome: status >= 500 ? "failed" : "blocked",
      headers: { ...headers, "content-type": "application/json" },
      body: Buffer.from(JSON.stringify({ status, message, ...(error ? { error } : {}) })),
    },
  };
}

export const tooLarge = (limit: number): Refusal => ({
  status: 413,
  reason: "request_too_large",
  message: `The request body is larger than ${limit} bytes, which is the limit.`,
});

/** Refuses what never became a request of an app: nothing is recorded of it. */
export const sendRefusal = (res: ServerResponse, requestId: string, refusal: Refusal): void =>
  sendReply(res, requestId, refuse(refusal).reply);

export const unauthorized = (reason: GatewayReason, message: string, error?: string) =>
  refuse({ status: 401, reason, message, error, headers: { "www-authenticate": 'Bearer realm="portico"' } });

/** Sends an answer that is complete. */
export function sendReply(
  res: ServerResponse,
  requestId: string,
  { status, headers, body }: Pick<Reply, "status" | "headers" | "body">,
): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, {
    ...headers,
    ...answerGuards,
    "content-length": body.length,
    "x-request-id": requestId,
    "x-accel-buffering": "no",
  });
  res.end(res.req.method === "HEAD" ? undefined : body);
}
