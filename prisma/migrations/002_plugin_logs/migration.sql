-- CreateTable
CREATE TABLE "plugin_logs" (
    "id" BIGSERIAL NOT NULL,
    "plugin_id" INTEGER NOT NULL,
    "edge_id" VARCHAR(64) NOT NULL,
    "at" TIMESTAMPTZ NOT NULL,
    "stream" VARCHAR(8) NOT NULL,
    "level" VARCHAR(8) NOT NULL,
    "text" VARCHAR(8192) NOT NULL,

    CONSTRAINT "plugin_logs_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "plugin_logs_plugin_id_id_idx" ON "plugin_logs"("plugin_id", "id");

-- AddForeignKey
ALTER TABLE "plugin_logs" ADD CONSTRAINT "plugin_logs_plugin_id_fkey" FOREIGN KEY ("plugin_id") REFERENCES "plugins"("id") ON DELETE CASCADE ON UPDATE CASCADE;
