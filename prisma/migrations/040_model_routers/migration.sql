-- CreateTable
CREATE TABLE "model_routers" (
    "id" SERIAL NOT NULL,
    "name" VARCHAR(120) NOT NULL,
    "slug" VARCHAR(120) NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "active" BOOLEAN NOT NULL DEFAULT false,
    "namespace" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "model_routers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "model_pools" (
    "id" SERIAL NOT NULL,
    "router_id" INTEGER NOT NULL,
    "name" VARCHAR(120) NOT NULL,
    "model_pattern" TEXT NOT NULL,
    "selection_algorithm" TEXT NOT NULL,
    "priority" INTEGER NOT NULL,

    CONSTRAINT "model_pools_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "model_pool_vendors" (
    "id" SERIAL NOT NULL,
    "pool_id" INTEGER NOT NULL,
    "llm_id" INTEGER NOT NULL,
    "weight" INTEGER NOT NULL,
    "active" BOOLEAN NOT NULL,
    "mappings" JSONB NOT NULL,

    CONSTRAINT "model_pool_vendors_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "model_routers_name_id_idx" ON "model_routers"("name", "id");

-- CreateIndex
CREATE UNIQUE INDEX "model_routers_namespace_slug_key" ON "model_routers"("namespace", "slug");

-- CreateIndex
CREATE INDEX "model_pools_router_id_idx" ON "model_pools"("router_id");

-- CreateIndex
CREATE INDEX "model_pool_vendors_pool_id_idx" ON "model_pool_vendors"("pool_id");

-- CreateIndex
CREATE INDEX "model_pool_vendors_llm_id_idx" ON "model_pool_vendors"("llm_id");

-- AddForeignKey
ALTER TABLE "model_pools" ADD CONSTRAINT "model_pools_router_id_fkey" FOREIGN KEY ("router_id") REFERENCES "model_routers"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model_pool_vendors" ADD CONSTRAINT "model_pool_vendors_pool_id_fkey" FOREIGN KEY ("pool_id") REFERENCES "model_pools"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model_pool_vendors" ADD CONSTRAINT "model_pool_vendors_llm_id_fkey" FOREIGN KEY ("llm_id") REFERENCES "llms"("id") ON DELETE CASCADE ON UPDATE CASCADE;
