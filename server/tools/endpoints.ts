import { z } from "zod";
import { namespaceFilter, queryFlag } from "../fields/contract.ts";
import { collectionOf, Dependents, documentOf, IdParam, listOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all, dependents, many, one } from "../http/envelope.ts";
import { listQuery } from "../http/paging.ts";
import { maxToolBodyBytes, OperationId, ToolDraft, ToolPatch, ToolReplacement, ToolResource } from "./contract.ts";
import type { ToolService } from "./service.ts";
import { toolSorts } from "./store.ts";
import { toResource } from "./wire.ts";

const Operation = z.strictObject({ operation: OperationId });
const OperationNames = z.object({ data: z.object({ operations: z.array(z.string()) }) });
const SpecOperations = z.object({ data: z.object({ type: z.literal("spec-operations"), operations: z.array(z.string()) }) });

const required = z.string("is required").trim().min(1, "is required").max(200);

export const toolEndpoints = ({ tools }: { tools: ToolService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/tools",
    summary: "List tools",
    permission: "tools.read",
    query: listQuery({
      sortable: toolSorts,
      filters: {
        tool_type: z.string().max(20).optional(),
        active: queryFlag.optional(),
        namespace: namespaceFilter.optional(),
        slim: queryFlag.optional(),
      },
    }),
    result: listOf(ToolResource),
    async handle({ query: { list, filters } }) {
      const { slim, ...rest } = filters;
      return many(await tools.list(list, rest, slim), toResource);
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/tools/by-type",
    summary: "All tools of a type",
    permission: "tools.read",
    query: z.object({ type: required }),
    result: collectionOf(ToolResource),
    handle: async ({ query }) => all((await tools.all({ tool_type: query.type })).map(toResource)),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/tools/search",
    summary: "All tools with `query` in their name or description, whatever its case",
    permission: "tools.read",
    query: z.object({ query: required }),
    result: collectionOf(ToolResource),
    handle: async ({ query }) => all((await tools.all({ text: query.query })).map(toResource)),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/tools",
    object: "tool",
    status: 201,
    summary: "Create a tool from an OpenAPI document; without `operations` all of the document may be called",
    permission: "tools.write",
    maxBodyBytes: maxToolBodyBytes,
    body: ToolDraft,
    result: documentOf(ToolResource),
    handle: async ({ actor, body }) => one(toResource(await tools.create(actor, body))),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/tools/:id",
    object: "tool",
    summary: "Get a tool",
    permission: "tools.read",
    params: IdParam,
    result: documentOf(ToolResource),
    handle: async ({ params }) => one(toResource(await tools.get(params.id))),
  }),
  endpoint({
    method: "PATCH",
    path: "/api/v1/tools/:id",
    object: "tool",
    summary: "Update a tool; fields left out keep their values",
    permission: "tools.write",
    maxBodyBytes: maxToolBodyBytes,
    params: IdParam,
    body: ToolPatch,
    result: documentOf(ToolResource),
    handle: async ({ actor, params, body }) => one(toResource(await tools.update(actor, params.id, body))),
  }),
  endpoint({
    method: "PUT",
    path: "/api/v1/tools/:id",
    object: "tool",
    summary: "Replace a tool: fields left out return to their defaults; without `auth_key` the stored key is kept",
    permission: "tools.write",
    maxBodyBytes: maxToolBodyBytes,
    params: IdParam,
    body: ToolReplacement,
    result: documentOf(ToolResource),
    handle: async ({ actor, params, body }) => one(toResource(await tools.update(actor, params.id, body))),
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/tools/:id",
    object: "tool",
    status: 204,
    summary: "Delete a tool; apps lose access to it",
    permission: "tools.write",
    params: IdParam,
    async handle({ actor, params }) {
      await tools.delete(actor, params.id);
      return undefined;
    },
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/tools/:id/clone",
    object: "tool",
    status: 201,
    summary: "Copy a tool with its key, files and dependencies; the copy is inactive",
    permission: "tools.write",
    params: IdParam,
    result: documentOf(ToolResource),
    handle: async ({ actor, params }) => one(toResource(await tools.clone(actor, params.id))),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/tools/:id/operations",
    object: "tool",
    summary: "List the operations of a tool that may be called",
    permission: "tools.read",
    params: IdParam,
    result: OperationNames,
    handle: async ({ params }) => ({ json: { data: { operations: (await tools.get(params.id)).operations } } }),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/tools/:id/operations",
    object: "tool",
    summary: "Allow an operation of the tool's document",
    permission: "tools.write",
    params: IdParam,
    body: Operation,
    result: documentOf(ToolResource),
    handle: async ({ actor, params, body }) => one(toResource(await tools.allowOperation(actor, params.id, body.operation))),
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/tools/:id/operations",
    object: "tool",
    summary: "Stop allowing an operation",
    permission: "tools.write",
    params: IdParam,
    body: Operation,
    result: documentOf(ToolResource),
    handle: async ({ actor, params, body }) => one(toResource(await tools.denyOperation(actor, params.id, body.operation))),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/tools/:id/spec-operations",
    object: "tool",
    summary: "List all operations of the tool's document",
    permission: "tools.read",
    params: IdParam,
    result: SpecOperations,
    async handle({ params }) {
      const { operations } = await tools.definition(params.id);
      return { json: { data: { type: "spec-operations" as const, operations: operations.map(({ id }) => id) } } };
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/tools/:id/dependents",
    summary: "List what refers to a tool and what deleting it would change",
    permission: "tools.read",
    params: IdParam,
    result: Dependents,
    async handle({ params }) {
      const { apps, tools: needing, catalogues, total } = await tools.dependents(params.id);
      const first = [
        ...apps.map((app) => ({ type: "apps", id: String(app.id), name: app.name, effect: "loses access to this tool" })),
        ...needing.map((tool) => ({ type: "tools", id: String(tool.id), name: tool.name, effect: "no longer depends on this tool" })),
        ...catalogues.map((one) => ({ type: "tool-catalogues", id: String(one.id), name: one.name, effect: "loses this tool" })),
      ];
      return dependents(first, total);
    },
  }),
];
