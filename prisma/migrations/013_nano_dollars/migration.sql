-- Costs in nano-dollars: whole micro-dollars stay where a studio of the release before reads and adds them, the rest is beside.
-- AlterTable
ALTER TABLE "budget_usage" ADD COLUMN     "spent_rest_nano_usd" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "model_prices" ADD COLUMN     "cache_write_hour_micro_usd_per_million" BIGINT;

-- AlterTable
ALTER TABLE "usage_minutes" ADD COLUMN     "cost_rest_nano_usd" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "usage_records" ADD COLUMN     "cache_write_hour_tokens" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "cost_rest_nano_usd" INTEGER NOT NULL DEFAULT 0;
