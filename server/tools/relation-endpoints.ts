import { z } from "zod";
import { Id, Ids } from "../fields/contract.ts";
import { FileStoreResource } from "../filestore/contract.ts";
import { toResource as toFileResource } from "../filestore/wire.ts";
import { collectionOf, documentOf, IdParam } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all, one } from "../http/envelope.ts";
import { ToolResource } from "./contract.ts";
import type { ToolService } from "./service.ts";
import type { ToolRelation } from "./store.ts";
import { toResource } from "./wire.ts";

/** Addresses of one relation: list, replace, add, remove. */
function relation<R extends z.ZodType>(
  { tools }: { tools: ToolService },
  {
    path,
    param,
    relation,
    noun,
    nouns,
    resource,
    list,
  }: {
    path: string;
    param: string;
    relation: ToolRelation;
    noun: string;
    nouns: string;
    resource: R;
    list(id: number): Promise<z.input<R>[]>;
  },
) {
  const base = `/api/v1/tools/:id/${path}` as const;
  const Item = z.object({ id: Id, [param]: Id });
  const itemOf = (params: Record<string, number>): number => params[param] ?? 0;
  return [
    endpoint({
      method: "GET",
      path: base,
      object: "tool",
      summary: `List the ${nouns} of a tool`,
      permission: "tools.read",
      params: IdParam,
      result: collectionOf(resource),
      handle: async ({ params }) => all(await list(params.id)),
    }),
    endpoint({
      method: "PUT",
      path: base,
      object: "tool",
      summary: `Replace the ${nouns} of a tool; the body is a list of ids`,
      permission: "tools.write",
      params: IdParam,
      body: Ids,
      result: documentOf(ToolResource),
      handle: async ({ actor, params, body }) => one(toResource(await tools.relate(actor, params.id, relation, { set: body }))),
    }),
    endpoint({
      method: "POST",
      path: `${base}/:${param}`,
      object: "tool",
      summary: `Add a ${noun} to a tool`,
      permission: "tools.write",
      params: Item,
      result: documentOf(ToolResource),
      handle: async ({ actor, params }) => one(toResource(await tools.relate(actor, params.id ?? 0, relation, { add: itemOf(params) }))),
    }),
    endpoint({
      method: "DELETE",
      path: `${base}/:${param}`,
      object: "tool",
      summary: `Remove a ${noun} from a tool`,
      permission: "tools.write",
      params: Item,
      result: documentOf(ToolResource),
      handle: async ({ actor, params }) => one(toResource(await tools.relate(actor, params.id ?? 0, relation, { remove: itemOf(params) }))),
    }),
  ];
}

export const toolRelationEndpoints = ({ tools }: { tools: ToolService }) => [
  ...relation(
    { tools },
    {
      path: "dependencies",
      param: "dependency_id",
      relation: "dependencies",
      noun: "dependency",
      nouns: "dependencies",
      resource: ToolResource,
      async list(id) {
        const { dependencies } = await tools.get(id);
        return Promise.all(dependencies.map(async (tool) => toResource(await tools.get(tool.id))));
      },
    },
  ),
  ...relation(
    { tools },
    {
      path: "filestores",
      param: "filestore_id",
      relation: "file_stores",
      noun: "file",
      nouns: "files",
      resource: FileStoreResource,
      list: async (id) => (await tools.get(id)).files.map(toFileResource),
    },
  ),
];
