-- CreateTable
CREATE TABLE "datasources" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "short_description" TEXT NOT NULL DEFAULT '',
    "long_description" TEXT NOT NULL DEFAULT '',
    "icon" TEXT NOT NULL DEFAULT '',
    "url" TEXT NOT NULL DEFAULT '',
    "privacy_score" INTEGER NOT NULL DEFAULT 0,
    "user_id" INTEGER,
    "db_source_type" TEXT NOT NULL,
    "db_conn_string" TEXT NOT NULL DEFAULT '',
    "db_conn_api_key_sealed" TEXT,
    "db_name" TEXT NOT NULL DEFAULT '',
    "embed_vendor" TEXT NOT NULL,
    "embed_url" TEXT NOT NULL DEFAULT '',
    "embed_api_key_sealed" TEXT,
    "embed_model" TEXT NOT NULL DEFAULT '',
    "active" BOOLEAN NOT NULL DEFAULT true,
    "namespace" TEXT NOT NULL DEFAULT '',
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL,

    CONSTRAINT "datasources_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "datasource_tags" (
    "datasource_id" INTEGER NOT NULL,
    "tag_id" INTEGER NOT NULL,

    CONSTRAINT "datasource_tags_pkey" PRIMARY KEY ("datasource_id","tag_id")
);

-- CreateTable
CREATE TABLE "datasource_file_stores" (
    "datasource_id" INTEGER NOT NULL,
    "file_store_id" INTEGER NOT NULL,

    CONSTRAINT "datasource_file_stores_pkey" PRIMARY KEY ("datasource_id","file_store_id")
);

-- CreateTable
CREATE TABLE "app_datasources" (
    "app_id" INTEGER NOT NULL,
    "datasource_id" INTEGER NOT NULL,

    CONSTRAINT "app_datasources_pkey" PRIMARY KEY ("app_id","datasource_id")
);

-- CreateIndex
CREATE INDEX "datasources_name_idx" ON "datasources"("name");

-- CreateIndex
CREATE INDEX "datasources_natural_name_idx" ON "datasources"("name" COLLATE "natural_order");

-- CreateIndex
CREATE INDEX "datasources_user_id_idx" ON "datasources"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "datasources_namespace_slug_key" ON "datasources"("namespace", "slug");

-- CreateIndex
CREATE INDEX "datasource_tags_tag_id_idx" ON "datasource_tags"("tag_id");

-- CreateIndex
CREATE INDEX "datasource_file_stores_file_store_id_idx" ON "datasource_file_stores"("file_store_id");

-- CreateIndex
CREATE INDEX "app_datasources_datasource_id_idx" ON "app_datasources"("datasource_id");

-- AddForeignKey
ALTER TABLE "datasources" ADD CONSTRAINT "datasources_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "datasource_tags" ADD CONSTRAINT "datasource_tags_datasource_id_fkey" FOREIGN KEY ("datasource_id") REFERENCES "datasources"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "datasource_tags" ADD CONSTRAINT "datasource_tags_tag_id_fkey" FOREIGN KEY ("tag_id") REFERENCES "tags"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "datasource_file_stores" ADD CONSTRAINT "datasource_file_stores_datasource_id_fkey" FOREIGN KEY ("datasource_id") REFERENCES "datasources"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "datasource_file_stores" ADD CONSTRAINT "datasource_file_stores_file_store_id_fkey" FOREIGN KEY ("file_store_id") REFERENCES "file_stores"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "app_datasources" ADD CONSTRAINT "app_datasources_app_id_fkey" FOREIGN KEY ("app_id") REFERENCES "apps"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "app_datasources" ADD CONSTRAINT "app_datasources_datasource_id_fkey" FOREIGN KEY ("datasource_id") REFERENCES "datasources"("id") ON DELETE CASCADE ON UPDATE CASCADE;
