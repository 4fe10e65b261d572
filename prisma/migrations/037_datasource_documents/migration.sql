-- CreateTable
CREATE TABLE "datasource_collections" (
    "datasource_id" INTEGER NOT NULL,
    "name" TEXT NOT NULL,
    "dimensions" INTEGER NOT NULL,
    "deletions" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "datasource_collections_pkey" PRIMARY KEY ("datasource_id","name")
);

-- CreateTable
CREATE TABLE "datasource_chunks" (
    "id" BIGSERIAL NOT NULL,
    "datasource_id" INTEGER NOT NULL,
    "collection" TEXT NOT NULL,
    "content" TEXT NOT NULL,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "embedding" BYTEA NOT NULL,

    CONSTRAINT "datasource_chunks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "datasource_ingestions" (
    "id" SERIAL NOT NULL,
    "datasource_id" INTEGER NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'queued',
    "files_total" INTEGER NOT NULL DEFAULT 0,
    "done_file_ids" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    "chunks_stored" INTEGER NOT NULL DEFAULT 0,
    "faults" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ,

    CONSTRAINT "datasource_ingestions_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "datasource_chunks_datasource_id_collection_id_idx" ON "datasource_chunks"("datasource_id", "collection", "id");

-- CreateIndex
CREATE INDEX "datasource_chunks_metadata_idx" ON "datasource_chunks" USING GIN ("metadata" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "datasource_ingestions_datasource_id_id_idx" ON "datasource_ingestions"("datasource_id", "id");

-- AddForeignKey
ALTER TABLE "datasource_collections" ADD CONSTRAINT "datasource_collections_datasource_id_fkey" FOREIGN KEY ("datasource_id") REFERENCES "datasources"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "datasource_chunks" ADD CONSTRAINT "datasource_chunks_datasource_id_collection_fkey" FOREIGN KEY ("datasource_id", "collection") REFERENCES "datasource_collections"("datasource_id", "name") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "datasource_ingestions" ADD CONSTRAINT "datasource_ingestions_datasource_id_fkey" FOREIGN KEY ("datasource_id") REFERENCES "datasources"("id") ON DELETE CASCADE ON UPDATE CASCADE;
