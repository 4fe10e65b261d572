-- CreateTable
CREATE TABLE "plugin_schedules" (
    "id" SERIAL NOT NULL,
    "plugin_id" INTEGER NOT NULL,
    "schedule_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "cron_expr" TEXT NOT NULL,
    "timezone" TEXT NOT NULL DEFAULT 'UTC',
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "config" JSONB NOT NULL DEFAULT '{}',
    "timeout_seconds" INTEGER NOT NULL DEFAULT 60,
    "retries" INTEGER NOT NULL DEFAULT 0,
    "catch_up" BOOLEAN NOT NULL DEFAULT true,
    "source" TEXT NOT NULL,
    "edited_fields" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "next_run_at" TIMESTAMPTZ,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "last_run_at" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "plugin_schedules_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "plugin_schedule_executions" (
    "id" BIGSERIAL NOT NULL,
    "plugin_schedule_id" INTEGER NOT NULL,
    "plugin_id" INTEGER NOT NULL,
    "status" TEXT NOT NULL,
    "trigger" TEXT NOT NULL,
    "due_at" TIMESTAMPTZ NOT NULL,
    "started_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "completed_at" TIMESTAMPTZ,
    "locked_by" TEXT NOT NULL,
    "lease_until" TIMESTAMPTZ NOT NULL,
    "error" TEXT NOT NULL DEFAULT '',

    CONSTRAINT "plugin_schedule_executions_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "plugin_schedules_next_run_at_idx" ON "plugin_schedules"("next_run_at");

-- CreateIndex
CREATE UNIQUE INDEX "plugin_schedules_plugin_id_schedule_id_key" ON "plugin_schedules"("plugin_id", "schedule_id");

-- CreateIndex
CREATE INDEX "plugin_schedule_executions_plugin_schedule_id_id_idx" ON "plugin_schedule_executions"("plugin_schedule_id", "id" DESC);

-- CreateIndex
CREATE INDEX "plugin_schedule_executions_started_at_idx" ON "plugin_schedule_executions"("started_at");

-- AddForeignKey
ALTER TABLE "plugin_schedules" ADD CONSTRAINT "plugin_schedules_plugin_id_fkey" FOREIGN KEY ("plugin_id") REFERENCES "plugins"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "plugin_schedule_executions" ADD CONSTRAINT "plugin_schedule_executions_plugin_schedule_id_fkey" FOREIGN KEY ("plugin_schedule_id") REFERENCES "plugin_schedules"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- One run of a schedule at a time, whatever replicas do.
CREATE UNIQUE INDEX plugin_schedule_executions_running ON plugin_schedule_executions (plugin_schedule_id) WHERE status = 'running';

ALTER TABLE plugin_schedule_executions ADD CONSTRAINT plugin_schedule_executions_status_check CHECK (status IN ('running', 'completed', 'failed', 'timeout'));
