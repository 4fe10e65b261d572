import { invalid } from "@portico/core";
import type { Match, MetadataFilter } from "@portico/datasources";
import type { Db } from "../db/client.ts";
import { record } from "../db/journal.ts";
import { operation } from "../grpc/operation.ts";
import { checkActive, type DatasourceEngine } from "./engine.ts";
import type { Ingestions } from "./ingestions.ts";
import { datasourceId } from "./operations.ts";
import { toAttributes } from "./wire.ts";

const toResult = ({ content, score, metadata }: Match) => ({ content, similarityScore: score, metadata: { ...metadata } });

const optionsOf = ({ maxResults, similarityThreshold }: { maxResults: number; similarityThreshold: number }) => ({
  limit: maxResults <= 0 ? 10 : Math.min(maxResults, 100),
  minScore: similarityThreshold,
});

function filterOf({ metadataFilter, filterMode }: { metadataFilter: Record<string, string>; filterMode: string }): MetadataFilter {
  const mode = filterMode === "" ? "and" : filterMode.toLowerCase();
  if (mode !== "and" && mode !== "or") throw invalid("filter_mode", "must be AND or OR");
  if (Object.keys(metadataFilter).length === 0) throw invalid("metadata_filter", "must name at least one value");
  return { values: metadataFilter, mode };
}

/** Documents of data sources, for plugins. */
export const documentOperations = ({ db, engine, ingestions }: { db: Db; engine: DatasourceEngine; ingestions: Ingestions }) => {
  async function openActive(id: number) {
    const opened = await engine.open(datasourceId(id));
    checkActive(opened.source);
    return opened;
  }

  return [
    operation({
      rpc: "processDatasourceEmbeddings",
      scope: "datasources.embeddings",
      async handle({ actor }, request) {
        const { source } = await openActive(request.datasourceId);
        const run = await ingestions.start(actor, source.id);
        return { success: true, message: `Processing embeddings for datasource ${source.id} started`, jobId: String(run.id) };
      },
    }),
    operation({
      rpc: "generateEmbedding",
      scope: "datasources.embeddings",
      async handle(_call, { datasourceId: id, texts }) {
        const { source } = await openActive(id);
        const vectors = await engine.embed(source.id, texts);
        return { success: true, vectors: vectors.map((values) => ({ values: [...values] })), errorMessage: "" };
      },
    }),
    operation({
      rpc: "storeDocuments",
      scope: "datasources.embeddings",
      async handle(_call, { datasourceId: id, documents }) {
        const { source } = await openActive(id);
        const stored = await engine.store(
          source.id,
          documents.map((document) => ({ ...document, embedding: Float32Array.from(document.embedding) })),
        );
        return { success: true, storedCount: stored, errorMessage: "" };
      },
    }),
    operation({
      rpc: "processAndStoreDocuments",
      scope: "datasources.embeddings",
      async handle(_call, { datasourceId: id, chunks }) {
        const { source } = await openActive(id);
        return { success: true, processedCount: await engine.store(source.id, chunks), errorMessage: "" };
      },
    }),
    operation({
      rpc: "queryDatasource",
      scope: "datasources.query",
      async handle(_call, request) {
        const { source } = await openActive(request.datasourceId);
        return {
          success: true,
          results: (await engine.query(source.id, request.query, optionsOf(request))).map(toResult),
          errorMessage: "",
        };
      },
    }),
    operation({
      rpc: "queryDatasourceByVector",
      scope: "datasources.query",
      async handle(_call, request) {
        const { source } = await openActive(request.datasourceId);
        const matches = await engine.queryVector(source.id, Float32Array.from(request.embedding), optionsOf(request));
        return { success: true, results: matches.map(toResult), errorMessage: "" };
      },
    }),
    operation({
      rpc: "queryByMetadataOnly",
      scope: "datasources.query",
      async handle(_call, request) {
        const { source } = await openActive(request.datasourceId);
        const page = {
          limit: request.limit <= 0 ? 10 : Math.min(request.limit, 100),
          offset: Math.min(Math.max(request.offset, 0), 10_000),
        };
        const { matches, total } = await engine.queryMetadata(source.id, filterOf(request), page);
        return { results: matches.map(toResult), totalCount: total };
      },
    }),
    operation({
      rpc: "listNamespaces",
      scope: "datasources.read",
      async handle(_call, request) {
        const { store } = await engine.open(datasourceId(request.datasourceId));
        return { namespaces: (await store.namespaces()).map(({ name, count }) => ({ name, documentCount: count })) };
      },
    }),
    operation({
      rpc: "deleteDocumentsByMetadata",
      scope: "datasources.write",
      audit: true,
      async handle({ actor }, request) {
        const { source, store, namespace } = await engine.open(datasourceId(request.datasourceId));
        const count = await store.deleteWithMetadata(namespace, filterOf(request), { dryRun: request.dryRun });
        if (!request.dryRun)
          await db.transaction((tx) =>
            record(tx, {
              kind: "datasource",
              action: "updated",
              id: source.id,
              actor,
              object: { id: source.id, ...toAttributes(source) },
              changes: { documents_deleted: count },
            }),
          );
        return {
          success: true,
          deletedCount: count,
          message: request.dryRun ? "Nothing was deleted: this was a dry run" : "Documents deleted",
        };
      },
    }),
    operation({
      rpc: "deleteNamespace",
      scope: "datasources.write",
      audit: true,
      async handle({ actor }, request) {
        const { source, store } = await engine.open(datasourceId(request.datasourceId));
        if (request.namespace === "") throw invalid("namespace", "is required");
        if (!request.confirm) throw invalid("confirm", "must be true: everything in the namespace is deleted");
        await store.deleteNamespace(request.namespace);
        await db.transaction((tx) =>
          record(tx, {
            kind: "datasource",
            action: "updated",
            id: source.id,
            actor,
            object: { id: source.id, ...toAttributes(source) },
            changes: { namespace_deleted: request.namespace },
          }),
        );
        return { success: true, message: "Namespace deleted" };
      },
    }),
  ];
};
