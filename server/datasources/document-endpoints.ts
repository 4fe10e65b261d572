import type { Match } from "@portico/datasources";
import { z } from "zod";
import { Id } from "../fields/contract.ts";
import { collectionOf, documentOf, IdParam, Message } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all, one } from "../http/envelope.ts";
import { DatasourceQuery, DocumentUpload, IngestionResource, maxFileBytes, QueryResult } from "./contract/documents.ts";
import type { DatasourceEngine } from "./engine.ts";
import type { Ingestion } from "./ingestion-store.ts";
import type { Ingestions } from "./ingestions.ts";

const toIngestion = (run: Ingestion): z.infer<typeof IngestionResource> => ({
  type: "datasource-ingestions",
  id: String(run.id),
  attributes: {
    status: run.status,
    files_total: Math.max(run.filesTotal, run.doneFileIds.length),
    files_done: run.doneFileIds.length,
    chunks_stored: run.chunksStored,
    faults: run.faults,
    created_at: run.createdAt.toISOString(),
    finished_at: run.finishedAt?.toISOString() ?? null,
  },
});

const toResult = ({ content, score, metadata }: Match) => ({ content, similarity_score: score, metadata });

/** What is in a data source: files put into it, and searches. */
export const documentEndpoints = ({ engine, ingestions }: { engine: DatasourceEngine; ingestions: Ingestions }) => [
  endpoint({
    method: "POST",
    path: "/api/v1/datasources/:id/process-embeddings",
    object: "datasource",
    status: 202,
    summary: "Read, split, embed and store all files of a data source, in the background; what they had stored before is replaced",
    permission: "datasources.write",
    params: IdParam,
    result: Message,
    async handle({ actor, params }) {
      await ingestions.start(actor, params.id);
      return { json: { message: `Processing embeddings for datasource ${params.id} started` } };
    },
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/datasources/:id/documents",
    object: "datasource",
    status: 202,
    summary: "Upload a file (text, Markdown, HTML, PDF, DOCX or CSV) to a data source and process it",
    permission: "datasources.write",
    maxBodyBytes: 2 * maxFileBytes,
    params: IdParam,
    body: DocumentUpload,
    result: documentOf(IngestionResource),
    async handle({ actor, params, body }) {
      const content = new Uint8Array(Buffer.from(body.content, body.encoding === "base64" ? "base64" : "utf8"));
      return one(toIngestion(await ingestions.addDocument(actor, params.id, { fileName: body.file_name, content })));
    },
  }),
  endpoint({
    method: "GET",
    path: "/api/v1/datasources/:id/ingestions",
    object: "datasource",
    summary: "The last runs that put files into a data source, newest first",
    permission: "datasources.read",
    params: IdParam,
    result: collectionOf(IngestionResource),
    handle: async ({ params }) => all((await ingestions.list(params.id)).map(toIngestion)),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/datasources/:id/ingestions/:ingestion_id/cancel",
    object: "datasource",
    summary: "Cancel a run; what it has stored stays",
    permission: "datasources.write",
    params: IdParam.extend({ ingestion_id: Id }),
    result: documentOf(IngestionResource),
    handle: async ({ actor, params }) => one(toIngestion(await ingestions.cancel(actor, params.id, params.ingestion_id))),
  }),
  endpoint({
    method: "POST",
    path: "/api/v1/datasources/:id/query",
    object: "datasource",
    summary: "Search a data source for what is nearest to a text",
    permission: "datasources.read",
    params: IdParam,
    body: DatasourceQuery,
    result: z.object({ data: z.array(QueryResult) }),
    handle: async ({ params, body }) => ({
      json: {
        data: (await engine.query(params.id, body.query, { limit: body.max_results, minScore: body.similarity_threshold })).map(toResult),
      },
    }),
  }),
];
