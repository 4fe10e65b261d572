import { Readable } from "node:stream";
import { ReadableStream as WebStream } from "node:stream/web";
import { AppError, isNeverShown, messageOf } from "@portico/core";
import type { SystemCall } from "@portico/protocol/system-calls";
import { Agent, type Dispatcher, request as send } from "undici";
import { z } from "zod";
import type { Actor } from "../auth/actor.ts";
import { inputError } from "../fields/input-error.ts";
import { IdParam } from "../http/contract.ts";
import { endpoint, type Method } from "../http/endpoint.ts";
import { foreignAnswer, refuseNavigation } from "../http/foreign.ts";
import type { WholeResponse } from "../http/whole.ts";
import type { LlmService } from "../llms/service.ts";

const maxBodyBytes = 32 * 1024 * 1024;
/** Longer than the gateway waits itself, so that its answer arrives. */
const upstreamMs = 310_000;
const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const satisfies readonly Method[];

/** Headers of this hop and of the browser. Credentials are never passed on by their name. */
const notForwarded = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "origin",
  "proxy-connection",
  "referer",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-csrf-token",
]);
/** No LLM has this path at a gateway, which judges the caller first and the path afterwards. */
const noSlug = "-";

/**
 * `/api/v1/llms/:id/proxy/*`: calls an LLM through the gateway, the only way there is. An administrator calls as the control plane's
 * own app, in their own name, with a token that is good for this one call; any other bearer token is an app's credential and is the
 * gateway's to judge.
 */
export function createLlmProxy({
  llms,
  gatewayUrl,
  sign,
}: {
  llms: LlmService;
  gatewayUrl: string;
  /** Makes the token of a call. */
  sign(call: SystemCall): Promise<string>;
}) {
  const agent = new Agent({
    connections: 256,
    connect: { timeout: 5_000 },
    headersTimeout: upstreamMs,
    bodyTimeout: upstreamMs,
    pipelining: 1,
  });

  async function forward(request: Request, id: string, actor: Actor, signal: AbortSignal): Promise<WholeResponse> {
    refuseNavigation(request);
    const isOurs = actor.userId > 0;
    const slug = isOurs ? (await llms.get(parsedId(id))).slug : await slugFor(id);
    const url = new URL(request.url);
    const rest = /^\/api\/v1\/llms\/[^/]+\/proxy(\/.*)?$/.exec(url.pathname)?.[1] ?? "/";
    const target = new URL(`${gatewayUrl}/llm/call/${slug}${rest}${url.search}`);
    // As the gateway sees it, whatever stands before it in the gateway's address.
    const path = target.href.slice(target.origin.length + new URL(gatewayUrl).pathname.replace(/\/$/, "").length);
    const authorization = isOurs
      ? `Bearer ${await sign({ method: request.method, path, user: actor.userId })}`
      : (request.headers.get("authorization") ?? "");
    const body = await openBody(request);
    let answer: Dispatcher.ResponseData;
    try {
      answer = await send(target, {
        dispatcher: agent,
        method: request.method as Dispatcher.HttpMethod,
        headers: headersFor(request, authorization, body.isJson),
        body: body.stream,
        signal,
      });
    } catch (error) {
      const refusal = body.refusal();
      if (refusal) throw refusal;
      throw new AppError({
        code: "unavailable",
        message: `The gateway at ${gatewayUrl} is not responding (${messageOf(error)}). Check that it is running, then try again.`,
        cause: error,
      });
    }
    const isEmpty = answer.statusCode === 204 || answer.statusCode === 304;
    if (isEmpty) await answer.body.dump();
    // A caller that leaves ends the stream, which undici reports as an error of a body that nobody reads any more.
    answer.body.on("error", () => {});
    // Not Readable.toWeb: it throws outside of any call when a chunk arrives after the caller has left.
    return foreignAnswer(isEmpty ? null : (WebStream.from(answer.body) as ReadableStream<Uint8Array>), {
      status: answer.statusCode,
      headers: answer.headers,
    });
  }

  /** Whether an LLM exists is not for a caller to learn before the gateway knows them. */
  async function slugFor(id: string): Promise<string> {
    const parsed = IdParam.safeParse({ id });
    if (!parsed.success) return noSlug;
    try {
      return (await llms.get(parsed.data.id)).slug;
    } catch (error) {
      if (error instanceof AppError && error.code === "not_found") return noSlug;
      throw error;
    }
  }

  function headersFor(request: Request, authorization: string, isJson: boolean): Record<string, string> {
    const headers: Record<string, string> = { authorization };
    for (const [name, value] of request.headers)
      if (!notForwarded.has(name) && !name.startsWith("sec-") && !isNeverShown(name)) headers[name] = value;
    if (isJson && !/\bjson\b/.test(headers["content-type"] ?? "")) headers["content-type"] = "application/json";
    return headers;
  }

  return {
    endpoints: methods.map((method) =>
      endpoint({
        method,
        path: "/api/v1/llms/:id/proxy/*",
        passesQuery: true,
        summary: "Call an LLM through the gateway, as yourself or with an app's credential",
        permission: "llms.write",
        foreignTokens: true,
        csrf: "always",
        params: z.object({ id: z.string() }),
        handle: ({ params, actor, request, signal }) => forward(request, params.id, actor, signal),
      }),
    ),
    close: () => agent.destroy(),
  };
}

/** The request's body as a stream that ends in an error beyond the limit, and whether it begins like a JSON object. */
async function openBody(request: Request) {
  let refusal: AppError | undefined;
  const tooLarge = () => {
    refusal = new AppError({ code: "payload_too_large", message: `The body is larger than ${maxBodyBytes} bytes, the limit for a call.` });
    return refusal;
  };
  if (Number(request.headers.get("content-length") ?? 0) > maxBodyBytes) throw tooLarge();
  if (!request.body) return { stream: null, isJson: false, refusal: () => refusal };
  const chunks = (request.body as unknown as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) return { stream: null, isJson: false, refusal: () => refusal };
  async function* bounded(): AsyncGenerator<Uint8Array> {
    let size = 0;
    for (let chunk = first; !chunk.done; chunk = await chunks.next()) {
      size += chunk.value.byteLength;
      if (size > maxBodyBytes) throw tooLarge();
      yield chunk.value;
    }
  }
  // `curl -d` calls everything a form; what begins with a brace is not one.
  const isJson = /^\s*\{/.test(Buffer.from(first.value.subarray(0, 256)).toString("utf8")) && !isMultipart(request);
  return { stream: Readable.from(bounded(), { objectMode: false }), isJson, refusal: () => refusal };
}

function parsedId(id: string): number {
  const parsed = IdParam.safeParse({ id });
  if (!parsed.success) throw inputError(parsed.error, "path");
  return parsed.data.id;
}

const isMultipart = (request: Request): boolean => (request.headers.get("content-type") ?? "").startsWith("multipart/");
