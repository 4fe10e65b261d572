-- CreateTable
CREATE TABLE "filters" (
    "id" SERIAL NOT NULL,
    "name" VARCHAR(120) NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "script" TEXT NOT NULL,
    "response_filter" BOOLEAN NOT NULL DEFAULT false,
    "active" BOOLEAN NOT NULL DEFAULT true,
    "namespace" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "filters_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "llm_filters" (
    "llm_id" INTEGER NOT NULL,
    "filter_id" INTEGER NOT NULL,
    "order_index" INTEGER NOT NULL,

    CONSTRAINT "llm_filters_pkey" PRIMARY KEY ("llm_id","filter_id")
);

-- CreateIndex
CREATE INDEX "filters_name_id_idx" ON "filters"("name", "id");

-- CreateIndex
CREATE INDEX "llm_filters_filter_id_idx" ON "llm_filters"("filter_id");

-- AddForeignKey
ALTER TABLE "llm_filters" ADD CONSTRAINT "llm_filters_llm_id_fkey" FOREIGN KEY ("llm_id") REFERENCES "llms"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "llm_filters" ADD CONSTRAINT "llm_filters_filter_id_fkey" FOREIGN KEY ("filter_id") REFERENCES "filters"("id") ON DELETE CASCADE ON UPDATE CASCADE;
