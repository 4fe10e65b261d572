-- AlterTable
ALTER TABLE "outbox_events" ADD COLUMN     "hook" JSONB;

-- CreateTable
CREATE TABLE "plugin_hooks" (
    "plugin_id" INTEGER NOT NULL,
    "object_type" TEXT NOT NULL,
    "hook_type" TEXT NOT NULL,
    "registered" BOOLEAN,
    "priority" INTEGER NOT NULL DEFAULT 0,
    "code_hash" TEXT NOT NULL DEFAULT '',
    "failure_policy" TEXT,
    "timeout_ms" INTEGER,

    CONSTRAINT "plugin_hooks_pkey" PRIMARY KEY ("plugin_id","object_type","hook_type")
);

-- CreateTable
CREATE TABLE "plugin_hook_failures" (
    "plugin_id" INTEGER NOT NULL,
    "event_id" BIGINT NOT NULL,
    "hook" TEXT NOT NULL,
    "object_id" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "crashes" INTEGER NOT NULL DEFAULT 0,
    "reason" TEXT NOT NULL,
    "last_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "failed_at" TIMESTAMPTZ,

    CONSTRAINT "plugin_hook_failures_pkey" PRIMARY KEY ("plugin_id","event_id")
);

-- AddForeignKey
ALTER TABLE "plugin_hooks" ADD CONSTRAINT "plugin_hooks_plugin_id_fkey" FOREIGN KEY ("plugin_id") REFERENCES "plugins"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "plugin_hook_failures" ADD CONSTRAINT "plugin_hook_failures_plugin_id_fkey" FOREIGN KEY ("plugin_id") REFERENCES "plugins"("id") ON DELETE CASCADE ON UPDATE CASCADE;
