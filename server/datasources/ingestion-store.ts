import type { Db, Tx } from "../db/client.ts";

export const ingestionStates = ["queued", "running", "completed", "failed", "cancelled"] as const;
export type IngestionStatus = (typeof ingestionStates)[number];

export type Ingestion = {
  id: number;
  datasourceId: number;
  status: IngestionStatus;
  filesTotal: number;
  doneFileIds: number[];
  chunksStored: number;
  faults: string[];
  createdAt: Date;
  finishedAt: Date | null;
};

export type IngestionStore = ReturnType<typeof createIngestionStore>;

const unfinished = ["queued", "running"];

export function createIngestionStore(db: Db) {
  const toIngestion = (row: Omit<Ingestion, "status"> & { status: string }): Ingestion => ({
    ...row,
    status: row.status as IngestionStatus,
  });
  return {
    /** The newest first. */
    list: async (datasourceId: number): Promise<Ingestion[]> =>
      (await db.prisma.datasourceIngestion.findMany({ where: { datasourceId }, orderBy: { id: "desc" }, take: 20 })).map(toIngestion),

    async find(id: number): Promise<Ingestion | undefined> {
      const row = await db.prisma.datasourceIngestion.findUnique({ where: { id } });
      return row ? toIngestion(row) : undefined;
    },

    /** A queued run, with its job: one at a time for each data source. @returns the unfinished one when there is one. */
    async queue(tx: Tx, datasourceId: number, filesTotal: number): Promise<Ingestion> {
      await tx.$queryRaw`SELECT id FROM datasources WHERE id = ${datasourceId} FOR UPDATE`;
      const running = await tx.datasourceIngestion.findFirst({ where: { datasourceId, status: { in: unfinished } } });
      if (running) return toIngestion(running);
      const row = await tx.datasourceIngestion.create({ data: { datasourceId, filesTotal } });
      await tx.$queryRaw`SELECT graphile_worker.add_job('datasource-ingest', json_build_object('id', ${row.id}::int), max_attempts => 8)`;
      return toIngestion(row);
    },

    /** @returns false when it is over already. */
    async start(id: number): Promise<boolean> {
      const { count } = await db.prisma.datasourceIngestion.updateMany({
        where: { id, status: { in: unfinished } },
        data: { status: "running" },
      });
      return count > 0;
    },

    isRunning: async (id: number): Promise<boolean> =>
      (await db.prisma.datasourceIngestion.count({ where: { id, status: "running" } })) > 0,

    async fileDone(id: number, fileId: number, result: { chunks: number; fault?: string }): Promise<void> {
      await db.transaction(async (tx) => {
        await tx.datasourceIngestion.updateMany({
          where: { id },
          data: {
            doneFileIds: { push: fileId },
            chunksStored: { increment: result.chunks },
            ...(result.fault === undefined ? {} : { faults: { push: result.fault } }),
          },
        });
        if (result.fault === undefined) await tx.fileStore.updateMany({ where: { id: fileId }, data: { lastProcessedAt: new Date() } });
      });
    },

    /** @returns false when it was over already. */
    async finish(id: number, status: "completed" | "failed" | "cancelled", fault?: string): Promise<boolean> {
      const { count } = await db.prisma.datasourceIngestion.updateMany({
        where: { id, status: { in: unfinished } },
        data: { status, finishedAt: new Date(), ...(fault === undefined ? {} : { faults: { push: fault } }) },
      });
      return count > 0;
    },

    /** Undefined when the file is gone. */
    async contentOf(fileId: number): Promise<{ fileName: string; content: Uint8Array } | undefined> {
      return (await db.prisma.fileStore.findUnique({ where: { id: fileId }, select: { fileName: true, content: true } })) ?? undefined;
    },

    /** A file that is attached to the data source. */
    async addFile(tx: Tx, datasourceId: number, file: { fileName: string; content: Uint8Array<ArrayBuffer> }): Promise<{ id: number }> {
      return tx.fileStore.create({
        data: { ...file, length: file.content.length, datasources: { create: { datasourceId } } },
        select: { id: true },
      });
    },
  };
}
