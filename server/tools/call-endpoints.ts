import type { ToolOutcome } from "@portico/tool-executor";
import { z } from "zod";
import { documentOf, IdParam, resourceOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { one } from "../http/envelope.ts";
import { failureOf, type ToolCaller } from "./caller.ts";
import { ToolCallInput, ToolTrial } from "./contract/call.ts";
import { DefinitionResource } from "./contract/definition.ts";
import { toDefinitionAttributes } from "./definition-wire.ts";
import type { ToolService } from "./service.ts";

/** Longest body of a call; a tool's request may be as long. */
const maxCallBodyBytes = 8 * 1024 * 1024;

const callOf = ({ operation_id, content_type, ...call }: ToolCallInput) => ({
  ...call,
  operationId: operation_id,
  contentType: content_type,
});

const toTrial = (outcome: ToolOutcome): ToolTrial => ({
  result: outcome.ok ? "answered" : "failed",
  duration_ms: outcome.durationMs,
  request: outcome.request,
  response: outcome.ok
    ? {
        status: outcome.answer.status,
        headers: outcome.answer.headers,
        body: outcome.answer.body.content,
        encoding: outcome.answer.body.encoding,
        bytes: outcome.answer.bytes,
      }
    : null,
  fault: outcome.ok ? null : { kind: outcome.fault.kind, message: outcome.fault.message },
});

export const toolCallEndpoints = ({ tools, caller }: { tools: ToolService; caller: ToolCaller }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/tools/:id/definition",
    object: "tool",
    summary: "Get what a tool's document offers: its operations with parameters and bodies, servers and security schemes",
    permission: "tools.read",
    params: IdParam,
    result: documentOf(DefinitionResource),
    handle: async ({ params }) =>
      one({
        type: "tool-definitions" as const,
        id: String(params.id),
        attributes: toDefinitionAttributes(await tools.definition(params.id)),
      }),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/tools/:id/call-operation",
    summary: "Call an operation of a tool; `data` is the text of its answer. An API that fails is 502",
    permission: "tools.write",
    maxBodyBytes: maxCallBodyBytes,
    params: IdParam,
    body: ToolCallInput,
    result: z.object({ data: z.string() }),
    async handle({ params, body, signal }) {
      const outcome = await caller.call(params.id, callOf(body), { signal });
      const failure = failureOf(outcome);
      if (failure) throw failure;
      return { json: { data: outcome.ok ? outcome.answer.body.content : "" } };
    },
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/tools/:id/try-operation",
    summary: "Call an operation of a tool and see the request, the answer whatever its status, and the time it took",
    permission: "tools.write",
    maxBodyBytes: maxCallBodyBytes,
    params: IdParam,
    body: ToolCallInput,
    result: documentOf(resourceOf("tool-calls", ToolTrial)),
    handle: async ({ params, body, signal }) =>
      one({
        type: "tool-calls" as const,
        id: String(params.id),
        attributes: toTrial(await caller.call(params.id, callOf(body), { signal })),
      }),
  }),
];
