-- CreateTable
CREATE TABLE "tools" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "tool_type" TEXT NOT NULL DEFAULT 'REST',
    "spec" TEXT NOT NULL DEFAULT '',
    "definition" JSON NOT NULL,
    "operations" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "base_url" TEXT NOT NULL DEFAULT '',
    "privacy_score" INTEGER NOT NULL DEFAULT 0,
    "auth_key_sealed" TEXT,
    "auth_schema_name" TEXT NOT NULL DEFAULT '',
    "active" BOOLEAN NOT NULL DEFAULT true,
    "namespace" TEXT NOT NULL DEFAULT '',
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "tools_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tool_dependencies" (
    "tool_id" INTEGER NOT NULL,
    "dependency_id" INTEGER NOT NULL,

    CONSTRAINT "tool_dependencies_pkey" PRIMARY KEY ("tool_id","dependency_id")
);

-- CreateTable
CREATE TABLE "file_stores" (
    "id" SERIAL NOT NULL,
    "file_name" VARCHAR(255) NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "content" BYTEA NOT NULL,
    "length" INTEGER NOT NULL,
    "last_processed_at" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "file_stores_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tool_file_stores" (
    "tool_id" INTEGER NOT NULL,
    "file_store_id" INTEGER NOT NULL,

    CONSTRAINT "tool_file_stores_pkey" PRIMARY KEY ("tool_id","file_store_id")
);

-- CreateTable
CREATE TABLE "app_tools" (
    "app_id" INTEGER NOT NULL,
    "tool_id" INTEGER NOT NULL,

    CONSTRAINT "app_tools_pkey" PRIMARY KEY ("app_id","tool_id")
);

-- CreateIndex
CREATE INDEX "tools_name_idx" ON "tools"("name");

-- CreateIndex
CREATE UNIQUE INDEX "tools_namespace_slug_key" ON "tools"("namespace", "slug");

-- CreateIndex
CREATE INDEX "tool_dependencies_dependency_id_idx" ON "tool_dependencies"("dependency_id");

-- CreateIndex
CREATE INDEX "file_stores_file_name_idx" ON "file_stores"("file_name");

-- CreateIndex
CREATE INDEX "tool_file_stores_file_store_id_idx" ON "tool_file_stores"("file_store_id");

-- CreateIndex
CREATE INDEX "app_tools_tool_id_idx" ON "app_tools"("tool_id");

-- AddForeignKey
ALTER TABLE "tool_dependencies" ADD CONSTRAINT "tool_dependencies_tool_id_fkey" FOREIGN KEY ("tool_id") REFERENCES "tools"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tool_dependencies" ADD CONSTRAINT "tool_dependencies_dependency_id_fkey" FOREIGN KEY ("dependency_id") REFERENCES "tools"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tool_file_stores" ADD CONSTRAINT "tool_file_stores_tool_id_fkey" FOREIGN KEY ("tool_id") REFERENCES "tools"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tool_file_stores" ADD CONSTRAINT "tool_file_stores_file_store_id_fkey" FOREIGN KEY ("file_store_id") REFERENCES "file_stores"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "app_tools" ADD CONSTRAINT "app_tools_app_id_fkey" FOREIGN KEY ("app_id") REFERENCES "apps"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "app_tools" ADD CONSTRAINT "app_tools_tool_id_fkey" FOREIGN KEY ("tool_id") REFERENCES "tools"("id") ON DELETE CASCADE ON UPDATE CASCADE;
