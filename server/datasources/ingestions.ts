import { AppError, conflict, messageOf, notFound } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { type Chunk, splitText } from "@portico/datasources";
import type { Actor } from "../auth/actor.ts";
import type { Db } from "../db/client.ts";
import { record } from "../db/journal.ts";
import type { DatasourceEngine, OpenDatasource } from "./engine.ts";
import type { Extractor } from "./extract/extractor.ts";
import type { Ingestion, IngestionStore } from "./ingestion-store.ts";
import type { DatasourceService } from "./service.ts";
import { toAttributes } from "./wire.ts";

export type Ingestions = {
  list(datasourceId: number): Promise<Ingestion[]>;
  /** Puts all files into the store again, in the background. A run that is under way is the answer. */
  start(actor: Actor, datasourceId: number): Promise<Ingestion>;
  cancel(actor: Actor, datasourceId: number, id: number): Promise<Ingestion>;
  /** Adds a file and puts it, with the others, into the store. */
  addDocument(actor: Actor, datasourceId: number, file: { fileName: string; content: Uint8Array<ArrayBuffer> }): Promise<Ingestion>;
  /** The job. */
  run(id: number): Promise<void>;
};

const batchChunks = 64;

/** Says in whose metadata it is found again: a file that is processed again replaces what it had put there. */
const markOf = (fileId: number) => ({ file_id: String(fileId) });

export function createIngestions({
  db,
  datasources,
  engine,
  store,
  extractor,
  logger,
}: {
  db: Db;
  datasources: DatasourceService;
  engine: Pick<DatasourceEngine, "open">;
  store: IngestionStore;
  extractor: Extractor;
  logger: Logger;
}): Ingestions {
  async function queue(
    actor: Actor,
    datasourceId: number,
    file?: { fileName: string; content: Uint8Array<ArrayBuffer> },
  ): Promise<Ingestion> {
    const source = await datasources.get(datasourceId);
    if (!file && source.files.length === 0) throw conflict(`The data source ${source.name} has no files: attach one first.`);
    return db.transaction(async (tx) => {
      const added = file && (await store.addFile(tx, datasourceId, file));
      const ingestion = await store.queue(tx, datasourceId, source.files.length + (added ? 1 : 0));
      const object = { id: datasourceId, ...toAttributes(source) };
      const changes = { ingestion: ingestion.id, ...(file ? { file_added: file.fileName } : {}) };
      await record(tx, { kind: "datasource", action: "updated", id: datasourceId, actor, object, changes });
      return ingestion;
    });
  }

  /** @returns how many pieces of the file are in the store now; undefined when the run was cancelled meanwhile. */
  async function ingestFile(run: Ingestion, { store: vectors, embedder, namespace }: OpenDatasource, fileId: number) {
    const file = await store.contentOf(fileId);
    if (!file) return { chunks: 0 };
    const answer = await extractor.read(file.fileName, file.content);
    if ("fault" in answer) return { chunks: 0, fault: `${file.fileName} ${answer.fault}.` };
    await vectors.deleteWithMetadata(namespace, { values: markOf(fileId), mode: "and" }, { dryRun: false });
    const pieces = splitText(answer.text);
    for (let at = 0; at < pieces.length; at += batchChunks) {
      if (!(await store.isRunning(run.id))) return undefined;
      const batch = pieces.slice(at, at + batchChunks);
      const embeddings = await embedder.embed(batch);
      const chunks = batch.flatMap((content, index): Chunk[] => {
        const embedding = embeddings[index];
        return embedding
          ? [{ content, embedding, metadata: { ...markOf(fileId), filename: file.fileName, chunk: String(at + index + 1) } }]
          : [];
      });
      await vectors.add(namespace, chunks);
    }
    return { chunks: pieces.length };
  }

  return {
    async list(datasourceId) {
      await datasources.get(datasourceId);
      return store.list(datasourceId);
    },

    start: (actor, datasourceId) => queue(actor, datasourceId),
    addDocument: (actor, datasourceId, file) => queue(actor, datasourceId, file),

    async cancel(actor, datasourceId, id) {
      const source = await datasources.get(datasourceId);
      const ingestion = await store.find(id);
      if (ingestion?.datasourceId !== datasourceId) throw notFound("Ingestion");
      if (!(await store.finish(id, "cancelled")))
        throw conflict(`This run is ${ingestion.status}: only one that is under way can be cancelled.`);
      await db.transaction((tx) =>
        record(tx, {
          kind: "datasource",
          action: "updated",
          id: datasourceId,
          actor,
          object: { id: datasourceId, ...toAttributes(source) },
          changes: { ingestion_cancelled: id },
        }),
      );
      return (await store.find(id)) ?? ingestion;
    },

    async run(id) {
      const run = await store.find(id);
      if (!run || !(await store.start(id))) return;
      try {
        const opened = await engine.open(run.datasourceId);
        // Files that are attached meanwhile are read too.
        for (;;) {
          const done = new Set((await store.find(id))?.doneFileIds);
          const next = (await datasources.get(run.datasourceId)).files.find((file) => !done.has(file.id));
          if (!next) break;
          const result = await ingestFile(run, opened, next.id);
          if (!result) return;
          await store.fileDone(id, next.id, result);
        }
        await store.finish(id, "completed");
      } catch (error) {
        // A fault of ours or of the database may pass: the queue tries again, and goes on with the files that are not done.
        if (!(error instanceof AppError)) throw error;
        logger.warn("files of a data source could not be processed", { datasource: run.datasourceId, reason: messageOf(error) });
        await store.finish(id, "failed", error.message);
      }
    },
  };
}
