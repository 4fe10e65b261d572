import { AppError } from "@portico/core";
import type { PluginCaller } from "@portico/plugin-services";
import type { ToolInfo, ToolOperation } from "@portico/protocol/studio-management";
import type { OperationDefinition } from "@portico/tool-executor/definition";
import { parseInput } from "../fields/input-error.ts";
import { operation } from "../grpc/operation.ts";
import { changesOf, idOf, jsonOf, listQueryOf, textsOf, unlessEmpty } from "../grpc/requests.ts";
import { failureOf, type ToolCaller } from "./caller.ts";
import { ToolCallInput } from "./contract/call.ts";
import { redacted, ToolDraft, ToolPatch } from "./contract.ts";
import type { ToolService } from "./service.ts";
import type { Tool } from "./store.ts";
import { toAttributes } from "./wire.ts";

/** The reference cuts documents off here; plugins read operations instead. */
const shownDocumentChars = 1000;

const toInfo = (tool: Tool): ToolInfo => ({
  id: tool.id,
  name: tool.name,
  slug: tool.slug,
  description: tool.description,
  toolType: tool.toolType,
  oasSpec: toAttributes(tool).oas_spec.slice(0, shownDocumentChars),
  operations: tool.operations,
  isActive: tool.active,
  namespace: tool.namespace,
  privacyScore: tool.privacyScore,
  createdAt: tool.createdAt,
  updatedAt: tool.updatedAt,
  metadata: textsOf(tool.metadata),
});

const textOf = (value: unknown): string => (value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value));

const toOperation = ({ id, method, path, summary, description, parameters, body }: OperationDefinition): ToolOperation => {
  const [content] = body?.contents ?? [];
  return {
    operationId: id,
    method,
    path,
    summary,
    description,
    parameters: parameters.map((parameter) => ({
      name: parameter.name,
      in: parameter.in,
      description: parameter.description,
      required: parameter.required,
      type: textOf(parameter.schema.type),
      example: textOf(parameter.example),
    })),
    requestBody: body && {
      description: body.description,
      required: body.required,
      contentType: content?.type ?? "",
      schemaJson: JSON.stringify(content?.schema ?? {}),
    },
  };
};

const toolId = (id: number) => idOf(id, "tool_id", "Tool");

/** A document says which host gets the tool's key: a plugin that does not know the key cannot move it. */
function checkKeyStays(plugin: PluginCaller, tool: Tool, patch: ToolPatch): void {
  const givesKey = patch.auth_key !== undefined && patch.auth_key !== redacted;
  if (givesKey || !tool.hasAuthKey) return;
  const before = toAttributes(tool);
  const moved = (["oas_spec", "auth_schema_name"] as const).find((field) => (patch[field] ?? before[field]) !== before[field]);
  if (moved)
    throw new AppError({
      code: "forbidden",
      message: `The plugin ${plugin.name} cannot change ${moved} alone: that changes where the tool's key is sent. Send auth_key with it.`,
    });
}

const maxCallChars = 4 * 1024 * 1024;

type CallRequest = { toolId: number; operationId: string; paramsJson: string; payloadJson: string; headersJson: string };

/** The answer of an API as JSON: what is none becomes a text of it. */
function jsonText(content: string): string {
  try {
    JSON.parse(content);
    return content;
  } catch {
    return JSON.stringify(content);
  }
}

/** Carries out a call. A call that does not fit its operation is a gRPC error; what the API makes of it is in the response. */
async function carryOut(caller: ToolCaller, { toolId: id, operationId, paramsJson, payloadJson, headersJson }: CallRequest) {
  const json = (text: string, field: string) => (text === "" ? undefined : jsonOf(text, field, maxCallChars));
  const { operation_id, ...call } = parseInput(ToolCallInput, {
    operation_id: operationId,
    parameters: json(paramsJson, "params_json"),
    payload: json(payloadJson, "payload_json"),
    headers: json(headersJson, "headers_json"),
  });
  const outcome = await caller.call(toolId(id), { ...call, operationId: operation_id }, { onlyActive: true });
  const failure = failureOf(outcome);
  return {
    success: failure === undefined,
    resultJson: outcome.ok ? jsonText(outcome.answer.body.content) : "",
    errorMessage: failure?.message ?? "",
    statusCode: outcome.ok ? outcome.answer.status : 0,
  };
}

/** Tools for plugins. Keys are write-only here too. */
export const toolOperations = ({ tools, caller }: { tools: ToolService; caller: ToolCaller }) => [
  operation({
    rpc: "listTools",
    scope: "tools.read",
    async handle(_call, { toolType, isActive, namespace, ...paging }) {
      const filters = { tool_type: unlessEmpty(toolType), active: isActive, namespace: unlessEmpty(namespace) };
      const { items, total } = await tools.list(listQueryOf(paging), filters);
      return { tools: items.map(toInfo), totalCount: total };
    },
  }),
  operation({
    rpc: "getTool",
    scope: "tools.read",
    handle: async (_call, request) => ({ tool: toInfo(await tools.get(toolId(request.toolId))) }),
  }),
  operation({
    rpc: "getToolOperations",
    scope: "tools.operations",
    async handle(_call, request) {
      const id = toolId(request.toolId);
      const [{ operations: allowed }, { operations }] = await Promise.all([tools.get(id), tools.definition(id)]);
      return { operations: operations.filter((one) => allowed.includes(one.id)).map(toOperation) };
    },
  }),
  operation({
    rpc: "callToolOperation",
    scope: "tools.call",
    async handle(_call, request) {
      const { statusCode: _status, ...result } = await carryOut(caller, request);
      return result;
    },
  }),
  operation({
    rpc: "executeTool",
    scope: "tools.call",
    handle: (_call, request) => carryOut(caller, request),
  }),
  operation({
    rpc: "createTool",
    scope: "tools.write",
    audit: true,
    async handle({ actor }, request) {
      const draft = parseInput(ToolDraft, {
        name: request.name,
        description: request.description,
        tool_type: unlessEmpty(request.toolType),
        oas_spec: request.oasSpec,
        privacy_score: request.privacyScore,
        auth_schema_name: request.authSchemaName,
        auth_key: request.authKey,
      });
      return { tool: toInfo(await tools.create(actor, draft)) };
    },
  }),
  operation({
    rpc: "updateTool",
    scope: "tools.write",
    audit: true,
    async handle({ actor, plugin }, request) {
      const id = toolId(request.toolId);
      const changes = changesOf({
        name: request.name,
        description: request.description,
        tool_type: request.toolType,
        oas_spec: request.oasSpec,
        privacy_score: request.privacyScore,
        auth_schema_name: request.authSchemaName,
        auth_key: request.authKey,
      });
      const patch = parseInput(ToolPatch, changes);
      checkKeyStays(plugin, await tools.get(id), patch);
      return { tool: toInfo(await tools.update(actor, id, patch)) };
    },
  }),
  operation({
    rpc: "deleteTool",
    scope: "tools.write",
    audit: true,
    async handle({ actor }, request) {
      await tools.delete(actor, toolId(request.toolId));
      return { success: true, message: "Tool deleted" };
    },
  }),
];
