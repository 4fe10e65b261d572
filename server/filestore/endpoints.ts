import { invalid } from "@portico/core";
import { z } from "zod";
import { parseInput } from "../fields/input-error.ts";
import { collectionOf, Dependents, documentOf, IdParam, listOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all, dependents, many, one } from "../http/envelope.ts";
import { foreignDownload } from "../http/foreign.ts";
import { readForm } from "../http/multipart.ts";
import { listQuery } from "../http/paging.ts";
import { FilePatch, FileReplacement, FileStoreResource, FileUpload, maxFileBodyBytes, maxFileBytes, UploadedFile } from "./contract.ts";
import type { FileService } from "./service.ts";
import { fileSorts } from "./store.ts";
import { toResource } from "./wire.ts";

export const fileEndpoints = ({ files }: { files: FileService }) => [
  endpoint({
    method: "GET",
    path: "/api/v1/filestore",
    summary: "List uploaded files, without their content",
    permission: "filestore.read",
    query: listQuery({ sortable: fileSorts }),
    result: listOf(FileStoreResource),
    handle: async ({ query }) => many(await files.list(query.list), toResource),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/filestore",
    object: "file_store",
    status: 201,
    summary: "Upload a file as the part `file` of a form, with a `description`",
    permission: "filestore.write",
    form: FileUpload,
    result: documentOf(FileStoreResource),
    async handle({ actor, request }) {
      const { texts, files: sent } = await readForm(request, maxFileBytes + 64 * 1024);
      if (!sent.file) throw invalid("file", "is required: send the file as a part of that name");
      const { description, file_name } = parseInput(UploadedFile, { description: texts.description ?? "", file_name: sent.file.name });
      return one(toResource(await files.create(actor, { fileName: file_name, description, content: sent.file.bytes })));
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/filestore/search",
    summary: "All files with `query` in their name or description, whatever its case",
    permission: "filestore.read",
    query: z.object({ query: z.string("is required").trim().min(1, "is required").max(200) }),
    result: collectionOf(FileStoreResource),
    handle: async ({ query }) => all((await files.search(query.query)).map(toResource)),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/filestore/:id",
    object: "file_store",
    summary: "Get a file, without its content",
    permission: "filestore.read",
    params: IdParam,
    result: documentOf(FileStoreResource),
    handle: async ({ params }) => one(toResource(await files.get(params.id))),
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/filestore/:id/content",
    summary: "Download a file",
    permission: "filestore.read",
    params: IdParam,
    async handle({ params }) {
      const { fileName, content } = await files.content(params.id);
      return foreignDownload(Uint8Array.from(content), fileName);
    },
  }),
  endpoint({
    method: "PATCH",
    path: "/api/v1/filestore/:id",
    object: "file_store",
    summary: "Update a file; fields left out keep their values, `content` is base64",
    permission: "filestore.write",
    maxBodyBytes: maxFileBodyBytes,
    params: IdParam,
    body: FilePatch,
    result: documentOf(FileStoreResource),
    handle: async ({ actor, params, body }) => one(toResource(await files.update(actor, params.id, body))),
  }),
  endpoint({
    method: "PUT",
    path: "/api/v1/filestore/:id",
    object: "file_store",
    summary: "Replace a file; without `content` its content is kept",
    permission: "filestore.write",
    maxBodyBytes: maxFileBodyBytes,
    params: IdParam,
    body: FileReplacement,
    result: documentOf(FileStoreResource),
    handle: async ({ actor, params, body }) => one(toResource(await files.update(actor, params.id, body))),
  }),
  endpoint({
    method: "DELETE",
    path: "/api/v1/filestore/:id",
    object: "file_store",
    status: 204,
    summary: "Delete a file; what refers to it loses it",
    permission: "filestore.write",
    params: IdParam,
    async handle({ actor, params }) {
      await files.delete(actor, params.id);
      return undefined;
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/filestore/:id/dependents",
    summary: "List what refers to a file and what deleting it would change",
    permission: "filestore.read",
    params: IdParam,
    result: Dependents,
    async handle({ params }) {
      const { tools, datasources, total } = await files.dependents(params.id);
      const first = [
        ...tools.map((tool) => ({ type: "tools", id: String(tool.id), name: tool.name, effect: "loses this document" })),
        ...datasources.map((one) => ({ type: "datasources", id: String(one.id), name: one.name, effect: "loses this file" })),
      ];
      return dependents(first, total);
    },
  }),
];
