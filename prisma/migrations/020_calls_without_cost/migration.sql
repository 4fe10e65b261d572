-- The overview counts calls that cost nothing although tokens were used. They are few; without this every look would read a month of calls.
CREATE INDEX "usage_records_without_cost_idx" ON "usage_records" ("at", "id")
  WHERE "cost_micro_usd" = 0 AND "prompt_tokens" + "response_tokens" + "cache_write_tokens" + "cache_read_tokens" > 0;
