-- Rows come in the order of their time: at the right end of an ascending index Postgres adds them without a descent and without
-- leaving half-empty pages behind. Newest first is read backwards.
-- DropIndex
DROP INDEX "audit_log_at_idx";

-- DropIndex
DROP INDEX "audit_log_object_type_object_id_at_idx";

-- DropIndex
DROP INDEX "usage_records_app_id_at_idx";

-- DropIndex
DROP INDEX "usage_records_at_id_idx";

-- DropIndex
DROP INDEX "usage_records_llm_id_at_idx";

-- CreateIndex
CREATE INDEX "audit_log_at_idx" ON "audit_log"("at");

-- CreateIndex
CREATE INDEX "audit_log_object_type_object_id_at_idx" ON "audit_log"("object_type", "object_id", "at");

-- CreateIndex
CREATE INDEX "usage_records_at_id_idx" ON "usage_records"("at", "id");

-- CreateIndex
CREATE INDEX "usage_records_app_id_at_idx" ON "usage_records"("app_id", "at");

-- CreateIndex
CREATE INDEX "usage_records_llm_id_at_idx" ON "usage_records"("llm_id", "at");
