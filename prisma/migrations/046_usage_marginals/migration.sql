-- Usage by hour and day by one thing at a time: what pages without filters read. Its rows are as many as there are LLMs, apps and so on, those of
-- usage_hours and usage_days as many as there are combinations of them.
-- CreateTable
CREATE TABLE "usage_marginals" (
    "dimension" TEXT NOT NULL,
    "grain" TEXT NOT NULL,
    "start_at" TIMESTAMPTZ NOT NULL,
    "key" TEXT NOT NULL,
    "requests" BIGINT NOT NULL,
    "errors" BIGINT NOT NULL,
    "prompt_tokens" BIGINT NOT NULL,
    "response_tokens" BIGINT NOT NULL,
    "cache_write_tokens" BIGINT NOT NULL,
    "cache_read_tokens" BIGINT NOT NULL,
    "cost_nano_usd" BIGINT NOT NULL,
    "durations" INTEGER[],
    "first_bytes" INTEGER[],

    CONSTRAINT "usage_marginals_pkey" PRIMARY KEY ("dimension","grain","start_at","key")
);

-- CreateIndex
CREATE INDEX "usage_marginals_start_at_idx" ON "usage_marginals"("start_at");

-- Rows are changed with every batch of the current hour and day: room beside them keeps that from touching an index.
ALTER TABLE "usage_hours" SET (fillfactor = 80);
ALTER TABLE "usage_days" SET (fillfactor = 80);
ALTER TABLE "usage_marginals" SET (fillfactor = 80);

-- The records of a statement are summed once, by hour; days and marginals are sums of these few rows.
CREATE OR REPLACE FUNCTION "portico_usage_added"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  WITH hours AS MATERIALIZED (
    SELECT date_trunc('hour', at, 'UTC') AS hour, app_id, llm_id, user_id, edge_id, vendor, model, interaction,
           count(*) AS requests, count(*) FILTER (WHERE outcome IN ('failed', 'blocked')) AS errors,
           sum(prompt_tokens) AS prompt_tokens, sum(response_tokens) AS response_tokens,
           sum(cache_write_tokens) AS cache_write_tokens, sum(cache_read_tokens) AS cache_read_tokens,
           sum(cost_micro_usd::numeric * 1000 + cost_rest_nano_usd) AS cost_nano_usd,
           ARRAY[
             count(*) FILTER (WHERE duration_bucket = 0), count(*) FILTER (WHERE duration_bucket = 1), count(*) FILTER (WHERE duration_bucket = 2),
             count(*) FILTER (WHERE duration_bucket = 3), count(*) FILTER (WHERE duration_bucket = 4), count(*) FILTER (WHERE duration_bucket = 5),
             count(*) FILTER (WHERE duration_bucket = 6), count(*) FILTER (WHERE duration_bucket = 7), count(*) FILTER (WHERE duration_bucket = 8),
             count(*) FILTER (WHERE duration_bucket = 9), count(*) FILTER (WHERE duration_bucket = 10), count(*) FILTER (WHERE duration_bucket = 11),
             count(*) FILTER (WHERE duration_bucket = 12), count(*) FILTER (WHERE duration_bucket = 13), count(*) FILTER (WHERE duration_bucket = 14),
             count(*) FILTER (WHERE duration_bucket = 15), count(*) FILTER (WHERE duration_bucket = 16), count(*) FILTER (WHERE duration_bucket = 17),
             count(*) FILTER (WHERE duration_bucket = 18), count(*) FILTER (WHERE duration_bucket = 19), count(*) FILTER (WHERE duration_bucket = 20),
             count(*) FILTER (WHERE duration_bucket = 21), count(*) FILTER (WHERE duration_bucket = 22), count(*) FILTER (WHERE duration_bucket = 23),
             count(*) FILTER (WHERE duration_bucket = 24)
           ]::int[] AS durations,
           ARRAY[
             count(*) FILTER (WHERE first_byte_bucket = 0), count(*) FILTER (WHERE first_byte_bucket = 1), count(*) FILTER (WHERE first_byte_bucket = 2),
             count(*) FILTER (WHERE first_byte_bucket = 3), count(*) FILTER (WHERE first_byte_bucket = 4), count(*) FILTER (WHERE first_byte_bucket = 5),
             count(*) FILTER (WHERE first_byte_bucket = 6), count(*) FILTER (WHERE first_byte_bucket = 7), count(*) FILTER (WHERE first_byte_bucket = 8),
             count(*) FILTER (WHERE first_byte_bucket = 9), count(*) FILTER (WHERE first_byte_bucket = 10), count(*) FILTER (WHERE first_byte_bucket = 11),
             count(*) FILTER (WHERE first_byte_bucket = 12), count(*) FILTER (WHERE first_byte_bucket = 13), count(*) FILTER (WHERE first_byte_bucket = 14),
             count(*) FILTER (WHERE first_byte_bucket = 15), count(*) FILTER (WHERE first_byte_bucket = 16), count(*) FILTER (WHERE first_byte_bucket = 17),
             count(*) FILTER (WHERE first_byte_bucket = 18), count(*) FILTER (WHERE first_byte_bucket = 19), count(*) FILTER (WHERE first_byte_bucket = 20),
             count(*) FILTER (WHERE first_byte_bucket = 21), count(*) FILTER (WHERE first_byte_bucket = 22), count(*) FILTER (WHERE first_byte_bucket = 23),
             count(*) FILTER (WHERE first_byte_bucket = 24)
           ]::int[] AS first_bytes
    FROM (
      SELECT *,
        CASE WHEN outcome = 'completed' THEN portico_duration_bucket(duration_ms) END AS duration_bucket,
        CASE WHEN outcome = 'completed' AND streamed AND first_byte_ms > 0 THEN portico_duration_bucket(first_byte_ms) END AS first_byte_bucket
      FROM added
    ) AS r
    GROUP BY 1, app_id, llm_id, user_id, edge_id, vendor, model, interaction
  ), by_hour AS (
    INSERT INTO usage_hours AS t (hour, app_id, llm_id, user_id, edge_id, vendor, model, interaction, requests, errors, prompt_tokens, response_tokens, cache_write_tokens, cache_read_tokens, cost_nano_usd, durations, first_bytes)
    SELECT hour, app_id, llm_id, user_id, edge_id, vendor, model, interaction, requests, errors, prompt_tokens, response_tokens, cache_write_tokens, cache_read_tokens, cost_nano_usd, durations, first_bytes FROM hours ORDER BY hour, app_id, llm_id, user_id, edge_id, vendor, model, interaction
    ON CONFLICT (hour, app_id, llm_id, user_id, edge_id, vendor, model, interaction) DO UPDATE SET
      requests = least(t.requests + EXCLUDED.requests, 9007199254740991),
      errors = least(t.errors + EXCLUDED.errors, 9007199254740991),
      prompt_tokens = least(t.prompt_tokens + EXCLUDED.prompt_tokens, 9007199254740991),
      response_tokens = least(t.response_tokens + EXCLUDED.response_tokens, 9007199254740991),
      cache_write_tokens = least(t.cache_write_tokens + EXCLUDED.cache_write_tokens, 9007199254740991),
      cache_read_tokens = least(t.cache_read_tokens + EXCLUDED.cache_read_tokens, 9007199254740991),
      cost_nano_usd = least(t.cost_nano_usd + EXCLUDED.cost_nano_usd, 9007199254740991000),
      durations = portico_add_counts(t.durations, EXCLUDED.durations),
      first_bytes = portico_add_counts(t.first_bytes, EXCLUDED.first_bytes)
  ), by_day AS (
    INSERT INTO usage_days AS t (day, app_id, llm_id, user_id, edge_id, vendor, model, interaction, requests, errors, prompt_tokens, response_tokens, cache_write_tokens, cache_read_tokens, cost_nano_usd, durations, first_bytes)
    SELECT date_trunc('day', hour, 'UTC'), app_id, llm_id, user_id, edge_id, vendor, model, interaction, least(sum(requests), 9007199254740991), least(sum(errors), 9007199254740991), least(sum(prompt_tokens), 9007199254740991), least(sum(response_tokens), 9007199254740991), least(sum(cache_write_tokens), 9007199254740991), least(sum(cache_read_tokens), 9007199254740991), least(sum(cost_nano_usd), 9007199254740991000),
      ARRAY[
        least(coalesce(sum(durations[1]), 0), 2147483647), least(coalesce(sum(durations[2]), 0), 2147483647), least(coalesce(sum(durations[3]), 0), 2147483647),
        least(coalesce(sum(durations[4]), 0), 2147483647), least(coalesce(sum(durations[5]), 0), 2147483647), least(coalesce(sum(durations[6]), 0), 2147483647),
        least(coalesce(sum(durations[7]), 0), 2147483647), least(coalesce(sum(durations[8]), 0), 2147483647), least(coalesce(sum(durations[9]), 0), 2147483647),
        least(coalesce(sum(durations[10]), 0), 2147483647), least(coalesce(sum(durations[11]), 0), 2147483647), least(coalesce(sum(durations[12]), 0), 2147483647),
        least(coalesce(sum(durations[13]), 0), 2147483647), least(coalesce(sum(durations[14]), 0), 2147483647), least(coalesce(sum(durations[15]), 0), 2147483647),
        least(coalesce(sum(durations[16]), 0), 2147483647), least(coalesce(sum(durations[17]), 0), 2147483647), least(coalesce(sum(durations[18]), 0), 2147483647),
        least(coalesce(sum(durations[19]), 0), 2147483647), least(coalesce(sum(durations[20]), 0), 2147483647), least(coalesce(sum(durations[21]), 0), 2147483647),
        least(coalesce(sum(durations[22]), 0), 2147483647), least(coalesce(sum(durations[23]), 0), 2147483647), least(coalesce(sum(durations[24]), 0), 2147483647),
        least(coalesce(sum(durations[25]), 0), 2147483647)
      ]::int[],
      ARRAY[
        least(coalesce(sum(first_bytes[1]), 0), 2147483647), least(coalesce(sum(first_bytes[2]), 0), 2147483647), least(coalesce(sum(first_bytes[3]), 0), 2147483647),
        least(coalesce(sum(first_bytes[4]), 0), 2147483647), least(coalesce(sum(first_bytes[5]), 0), 2147483647), least(coalesce(sum(first_bytes[6]), 0), 2147483647),
        least(coalesce(sum(first_bytes[7]), 0), 2147483647), least(coalesce(sum(first_bytes[8]), 0), 2147483647), least(coalesce(sum(first_bytes[9]), 0), 2147483647),
        least(coalesce(sum(first_bytes[10]), 0), 2147483647), least(coalesce(sum(first_bytes[11]), 0), 2147483647), least(coalesce(sum(first_bytes[12]), 0), 2147483647),
        least(coalesce(sum(first_bytes[13]), 0), 2147483647), least(coalesce(sum(first_bytes[14]), 0), 2147483647), least(coalesce(sum(first_bytes[15]), 0), 2147483647),
        least(coalesce(sum(first_bytes[16]), 0), 2147483647), least(coalesce(sum(first_bytes[17]), 0), 2147483647), least(coalesce(sum(first_bytes[18]), 0), 2147483647),
        least(coalesce(sum(first_bytes[19]), 0), 2147483647), least(coalesce(sum(first_bytes[20]), 0), 2147483647), least(coalesce(sum(first_bytes[21]), 0), 2147483647),
        least(coalesce(sum(first_bytes[22]), 0), 2147483647), least(coalesce(sum(first_bytes[23]), 0), 2147483647), least(coalesce(sum(first_bytes[24]), 0), 2147483647),
        least(coalesce(sum(first_bytes[25]), 0), 2147483647)
      ]::int[]
    FROM hours GROUP BY 1, app_id, llm_id, user_id, edge_id, vendor, model, interaction ORDER BY 1, app_id, llm_id, user_id, edge_id, vendor, model, interaction
    ON CONFLICT (day, app_id, llm_id, user_id, edge_id, vendor, model, interaction) DO UPDATE SET
      requests = least(t.requests + EXCLUDED.requests, 9007199254740991),
      errors = least(t.errors + EXCLUDED.errors, 9007199254740991),
      prompt_tokens = least(t.prompt_tokens + EXCLUDED.prompt_tokens, 9007199254740991),
      response_tokens = least(t.response_tokens + EXCLUDED.response_tokens, 9007199254740991),
      cache_write_tokens = least(t.cache_write_tokens + EXCLUDED.cache_write_tokens, 9007199254740991),
      cache_read_tokens = least(t.cache_read_tokens + EXCLUDED.cache_read_tokens, 9007199254740991),
      cost_nano_usd = least(t.cost_nano_usd + EXCLUDED.cost_nano_usd, 9007199254740991000),
      durations = portico_add_counts(t.durations, EXCLUDED.durations),
      first_bytes = portico_add_counts(t.first_bytes, EXCLUDED.first_bytes)
  )
  INSERT INTO usage_marginals AS t (dimension, grain, start_at, key, requests, errors, prompt_tokens, response_tokens, cache_write_tokens, cache_read_tokens, cost_nano_usd, durations, first_bytes)
  SELECT * FROM (
    SELECT CASE WHEN grouping(llm_id) = 0 THEN 'llm' WHEN grouping(app_id) = 0 THEN 'app' WHEN grouping(user_id) = 0 THEN 'user' WHEN grouping(edge_id) = 0 THEN 'edge' WHEN grouping(vendor) = 0 THEN 'vendor' WHEN grouping(model) = 0 THEN 'model' ELSE 'all' END,
      'hour', t, CASE WHEN grouping(llm_id) = 0 THEN llm_id::text WHEN grouping(app_id) = 0 THEN app_id::text WHEN grouping(user_id) = 0 THEN user_id::text WHEN grouping(edge_id) = 0 THEN edge_id WHEN grouping(vendor) = 0 THEN vendor WHEN grouping(model) = 0 THEN model ELSE '' END, least(sum(requests), 9007199254740991), least(sum(errors), 9007199254740991), least(sum(prompt_tokens), 9007199254740991), least(sum(response_tokens), 9007199254740991), least(sum(cache_write_tokens), 9007199254740991), least(sum(cache_read_tokens), 9007199254740991), least(sum(cost_nano_usd), 9007199254740991000),
      ARRAY[
        least(coalesce(sum(durations[1]), 0), 2147483647), least(coalesce(sum(durations[2]), 0), 2147483647), least(coalesce(sum(durations[3]), 0), 2147483647),
        least(coalesce(sum(durations[4]), 0), 2147483647), least(coalesce(sum(durations[5]), 0), 2147483647), least(coalesce(sum(durations[6]), 0), 2147483647),
        least(coalesce(sum(durations[7]), 0), 2147483647), least(coalesce(sum(durations[8]), 0), 2147483647), least(coalesce(sum(durations[9]), 0), 2147483647),
        least(coalesce(sum(durations[10]), 0), 2147483647), least(coalesce(sum(durations[11]), 0), 2147483647), least(coalesce(sum(durations[12]), 0), 2147483647),
        least(coalesce(sum(durations[13]), 0), 2147483647), least(coalesce(sum(durations[14]), 0), 2147483647), least(coalesce(sum(durations[15]), 0), 2147483647),
        least(coalesce(sum(durations[16]), 0), 2147483647), least(coalesce(sum(durations[17]), 0), 2147483647), least(coalesce(sum(durations[18]), 0), 2147483647),
        least(coalesce(sum(durations[19]), 0), 2147483647), least(coalesce(sum(durations[20]), 0), 2147483647), least(coalesce(sum(durations[21]), 0), 2147483647),
        least(coalesce(sum(durations[22]), 0), 2147483647), least(coalesce(sum(durations[23]), 0), 2147483647), least(coalesce(sum(durations[24]), 0), 2147483647),
        least(coalesce(sum(durations[25]), 0), 2147483647)
      ]::int[],
      ARRAY[
        least(coalesce(sum(first_bytes[1]), 0), 2147483647), least(coalesce(sum(first_bytes[2]), 0), 2147483647), least(coalesce(sum(first_bytes[3]), 0), 2147483647),
        least(coalesce(sum(first_bytes[4]), 0), 2147483647), least(coalesce(sum(first_bytes[5]), 0), 2147483647), least(coalesce(sum(first_bytes[6]), 0), 2147483647),
        least(coalesce(sum(first_bytes[7]), 0), 2147483647), least(coalesce(sum(first_bytes[8]), 0), 2147483647), least(coalesce(sum(first_bytes[9]), 0), 2147483647),
        least(coalesce(sum(first_bytes[10]), 0), 2147483647), least(coalesce(sum(first_bytes[11]), 0), 2147483647), least(coalesce(sum(first_bytes[12]), 0), 2147483647),
        least(coalesce(sum(first_bytes[13]), 0), 2147483647), least(coalesce(sum(first_bytes[14]), 0), 2147483647), least(coalesce(sum(first_bytes[15]), 0), 2147483647),
        least(coalesce(sum(first_bytes[16]), 0), 2147483647), least(coalesce(sum(first_bytes[17]), 0), 2147483647), least(coalesce(sum(first_bytes[18]), 0), 2147483647),
        least(coalesce(sum(first_bytes[19]), 0), 2147483647), least(coalesce(sum(first_bytes[20]), 0), 2147483647), least(coalesce(sum(first_bytes[21]), 0), 2147483647),
        least(coalesce(sum(first_bytes[22]), 0), 2147483647), least(coalesce(sum(first_bytes[23]), 0), 2147483647), least(coalesce(sum(first_bytes[24]), 0), 2147483647),
        least(coalesce(sum(first_bytes[25]), 0), 2147483647)
      ]::int[]
    FROM (SELECT hour AS t, * FROM hours) AS source
    GROUP BY GROUPING SETS ((t), (t, llm_id), (t, app_id), (t, user_id), (t, edge_id), (t, vendor), (t, model))
    UNION ALL
    SELECT CASE WHEN grouping(llm_id) = 0 THEN 'llm' WHEN grouping(app_id) = 0 THEN 'app' WHEN grouping(user_id) = 0 THEN 'user' WHEN grouping(edge_id) = 0 THEN 'edge' WHEN grouping(vendor) = 0 THEN 'vendor' WHEN grouping(model) = 0 THEN 'model' ELSE 'all' END,
      'day', t, CASE WHEN grouping(llm_id) = 0 THEN llm_id::text WHEN grouping(app_id) = 0 THEN app_id::text WHEN grouping(user_id) = 0 THEN user_id::text WHEN grouping(edge_id) = 0 THEN edge_id WHEN grouping(vendor) = 0 THEN vendor WHEN grouping(model) = 0 THEN model ELSE '' END, least(sum(requests), 9007199254740991), least(sum(errors), 9007199254740991), least(sum(prompt_tokens), 9007199254740991), least(sum(response_tokens), 9007199254740991), least(sum(cache_write_tokens), 9007199254740991), least(sum(cache_read_tokens), 9007199254740991), least(sum(cost_nano_usd), 9007199254740991000),
      ARRAY[
        least(coalesce(sum(durations[1]), 0), 2147483647), least(coalesce(sum(durations[2]), 0), 2147483647), least(coalesce(sum(durations[3]), 0), 2147483647),
        least(coalesce(sum(durations[4]), 0), 2147483647), least(coalesce(sum(durations[5]), 0), 2147483647), least(coalesce(sum(durations[6]), 0), 2147483647),
        least(coalesce(sum(durations[7]), 0), 2147483647), least(coalesce(sum(durations[8]), 0), 2147483647), least(coalesce(sum(durations[9]), 0), 2147483647),
        least(coalesce(sum(durations[10]), 0), 2147483647), least(coalesce(sum(durations[11]), 0), 2147483647), least(coalesce(sum(durations[12]), 0), 2147483647),
        least(coalesce(sum(durations[13]), 0), 2147483647), least(coalesce(sum(durations[14]), 0), 2147483647), least(coalesce(sum(durations[15]), 0), 2147483647),
        least(coalesce(sum(durations[16]), 0), 2147483647), least(coalesce(sum(durations[17]), 0), 2147483647), least(coalesce(sum(durations[18]), 0), 2147483647),
        least(coalesce(sum(durations[19]), 0), 2147483647), least(coalesce(sum(durations[20]), 0), 2147483647), least(coalesce(sum(durations[21]), 0), 2147483647),
        least(coalesce(sum(durations[22]), 0), 2147483647), least(coalesce(sum(durations[23]), 0), 2147483647), least(coalesce(sum(durations[24]), 0), 2147483647),
        least(coalesce(sum(durations[25]), 0), 2147483647)
      ]::int[],
      ARRAY[
        least(coalesce(sum(first_bytes[1]), 0), 2147483647), least(coalesce(sum(first_bytes[2]), 0), 2147483647), least(coalesce(sum(first_bytes[3]), 0), 2147483647),
        least(coalesce(sum(first_bytes[4]), 0), 2147483647), least(coalesce(sum(first_bytes[5]), 0), 2147483647), least(coalesce(sum(first_bytes[6]), 0), 2147483647),
        least(coalesce(sum(first_bytes[7]), 0), 2147483647), least(coalesce(sum(first_bytes[8]), 0), 2147483647), least(coalesce(sum(first_bytes[9]), 0), 2147483647),
        least(coalesce(sum(first_bytes[10]), 0), 2147483647), least(coalesce(sum(first_bytes[11]), 0), 2147483647), least(coalesce(sum(first_bytes[12]), 0), 2147483647),
        least(coalesce(sum(first_bytes[13]), 0), 2147483647), least(coalesce(sum(first_bytes[14]), 0), 2147483647), least(coalesce(sum(first_bytes[15]), 0), 2147483647),
        least(coalesce(sum(first_bytes[16]), 0), 2147483647), least(coalesce(sum(first_bytes[17]), 0), 2147483647), least(coalesce(sum(first_bytes[18]), 0), 2147483647),
        least(coalesce(sum(first_bytes[19]), 0), 2147483647), least(coalesce(sum(first_bytes[20]), 0), 2147483647), least(coalesce(sum(first_bytes[21]), 0), 2147483647),
        least(coalesce(sum(first_bytes[22]), 0), 2147483647), least(coalesce(sum(first_bytes[23]), 0), 2147483647), least(coalesce(sum(first_bytes[24]), 0), 2147483647),
        least(coalesce(sum(first_bytes[25]), 0), 2147483647)
      ]::int[]
    FROM (SELECT date_trunc('day', hour, 'UTC') AS t, * FROM hours) AS source
    GROUP BY GROUPING SETS ((t), (t, llm_id), (t, app_id), (t, user_id), (t, edge_id), (t, vendor), (t, model))
  ) AS sums ORDER BY 1, 2, 3, 4
    ON CONFLICT (dimension, grain, start_at, key) DO UPDATE SET
      requests = least(t.requests + EXCLUDED.requests, 9007199254740991),
      errors = least(t.errors + EXCLUDED.errors, 9007199254740991),
      prompt_tokens = least(t.prompt_tokens + EXCLUDED.prompt_tokens, 9007199254740991),
      response_tokens = least(t.response_tokens + EXCLUDED.response_tokens, 9007199254740991),
      cache_write_tokens = least(t.cache_write_tokens + EXCLUDED.cache_write_tokens, 9007199254740991),
      cache_read_tokens = least(t.cache_read_tokens + EXCLUDED.cache_read_tokens, 9007199254740991),
      cost_nano_usd = least(t.cost_nano_usd + EXCLUDED.cost_nano_usd, 9007199254740991000),
      durations = portico_add_counts(t.durations, EXCLUDED.durations),
      first_bytes = portico_add_counts(t.first_bytes, EXCLUDED.first_bytes);
  RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION "portico_usage_repriced"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  WITH changed AS MATERIALIZED (
    SELECT n.at, n.app_id, n.llm_id, n.user_id, n.edge_id, n.vendor, n.model, n.interaction,
           (n.cost_micro_usd - o.cost_micro_usd) * 1000 + n.cost_rest_nano_usd - o.cost_rest_nano_usd AS delta
    FROM added n JOIN removed o USING (id)
    WHERE (n.cost_micro_usd, n.cost_rest_nano_usd) IS DISTINCT FROM (o.cost_micro_usd, o.cost_rest_nano_usd)
  ), by_hour AS (
    UPDATE usage_hours t SET cost_nano_usd = greatest(0, least(t.cost_nano_usd + d.delta, 9007199254740991000))
    FROM (SELECT date_trunc('hour', at, 'UTC') AS hour, app_id, llm_id, user_id, edge_id, vendor, model, interaction, sum(delta)::bigint AS delta FROM changed GROUP BY 1, app_id, llm_id, user_id, edge_id, vendor, model, interaction) AS d
    WHERE (t.hour, t.app_id, t.llm_id, t.user_id, t.edge_id, t.vendor, t.model, t.interaction) = (d.hour, d.app_id, d.llm_id, d.user_id, d.edge_id, d.vendor, d.model, d.interaction)
  ), by_day AS (
    UPDATE usage_days t SET cost_nano_usd = greatest(0, least(t.cost_nano_usd + d.delta, 9007199254740991000))
    FROM (SELECT date_trunc('day', at, 'UTC') AS day, app_id, llm_id, user_id, edge_id, vendor, model, interaction, sum(delta)::bigint AS delta FROM changed GROUP BY 1, app_id, llm_id, user_id, edge_id, vendor, model, interaction) AS d
    WHERE (t.day, t.app_id, t.llm_id, t.user_id, t.edge_id, t.vendor, t.model, t.interaction) = (d.day, d.app_id, d.llm_id, d.user_id, d.edge_id, d.vendor, d.model, d.interaction)
  )
  UPDATE usage_marginals t SET cost_nano_usd = greatest(0, least(t.cost_nano_usd + d.delta, 9007199254740991000))
  FROM (
    SELECT CASE WHEN grouping(llm_id) = 0 THEN 'llm' WHEN grouping(app_id) = 0 THEN 'app' WHEN grouping(user_id) = 0 THEN 'user' WHEN grouping(edge_id) = 0 THEN 'edge' WHEN grouping(vendor) = 0 THEN 'vendor' WHEN grouping(model) = 0 THEN 'model' ELSE 'all' END AS dimension,
      grain, t AS start_at, CASE WHEN grouping(llm_id) = 0 THEN llm_id::text WHEN grouping(app_id) = 0 THEN app_id::text WHEN grouping(user_id) = 0 THEN user_id::text WHEN grouping(edge_id) = 0 THEN edge_id WHEN grouping(vendor) = 0 THEN vendor WHEN grouping(model) = 0 THEN model ELSE '' END AS key, sum(delta)::bigint AS delta
    FROM (SELECT grain, date_trunc(grain, at, 'UTC') AS t, changed.* FROM changed CROSS JOIN (VALUES ('hour'), ('day')) AS grains(grain)) AS source
    GROUP BY GROUPING SETS ((grain, t), (grain, t, llm_id), (grain, t, app_id), (grain, t, user_id), (grain, t, edge_id), (grain, t, vendor), (grain, t, model))
  ) AS d
  WHERE (t.dimension, t.grain, t.start_at, t.key) = (d.dimension, d.grain, d.start_at, d.key);
  RETURN NULL;
END
$$;

-- Nothing is stored between these sums and the end of this migration.
LOCK TABLE usage_records IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO usage_marginals AS t (dimension, grain, start_at, key, requests, errors, prompt_tokens, response_tokens, cache_write_tokens, cache_read_tokens, cost_nano_usd, durations, first_bytes)
    SELECT CASE WHEN grouping(llm_id) = 0 THEN 'llm' WHEN grouping(app_id) = 0 THEN 'app' WHEN grouping(user_id) = 0 THEN 'user' WHEN grouping(edge_id) = 0 THEN 'edge' WHEN grouping(vendor) = 0 THEN 'vendor' WHEN grouping(model) = 0 THEN 'model' ELSE 'all' END,
      'hour', t, CASE WHEN grouping(llm_id) = 0 THEN llm_id::text WHEN grouping(app_id) = 0 THEN app_id::text WHEN grouping(user_id) = 0 THEN user_id::text WHEN grouping(edge_id) = 0 THEN edge_id WHEN grouping(vendor) = 0 THEN vendor WHEN grouping(model) = 0 THEN model ELSE '' END, least(sum(requests), 9007199254740991), least(sum(errors), 9007199254740991), least(sum(prompt_tokens), 9007199254740991), least(sum(response_tokens), 9007199254740991), least(sum(cache_write_tokens), 9007199254740991), least(sum(cache_read_tokens), 9007199254740991), least(sum(cost_nano_usd), 9007199254740991000),
      ARRAY[
        least(coalesce(sum(durations[1]), 0), 2147483647), least(coalesce(sum(durations[2]), 0), 2147483647), least(coalesce(sum(durations[3]), 0), 2147483647),
        least(coalesce(sum(durations[4]), 0), 2147483647), least(coalesce(sum(durations[5]), 0), 2147483647), least(coalesce(sum(durations[6]), 0), 2147483647),
        least(coalesce(sum(durations[7]), 0), 2147483647), least(coalesce(sum(durations[8]), 0), 2147483647), least(coalesce(sum(durations[9]), 0), 2147483647),
        least(coalesce(sum(durations[10]), 0), 2147483647), least(coalesce(sum(durations[11]), 0), 2147483647), least(coalesce(sum(durations[12]), 0), 2147483647),
        least(coalesce(sum(durations[13]), 0), 2147483647), least(coalesce(sum(durations[14]), 0), 2147483647), least(coalesce(sum(durations[15]), 0), 2147483647),
        least(coalesce(sum(durations[16]), 0), 2147483647), least(coalesce(sum(durations[17]), 0), 2147483647), least(coalesce(sum(durations[18]), 0), 2147483647),
        least(coalesce(sum(durations[19]), 0), 2147483647), least(coalesce(sum(durations[20]), 0), 2147483647), least(coalesce(sum(durations[21]), 0), 2147483647),
        least(coalesce(sum(durations[22]), 0), 2147483647), least(coalesce(sum(durations[23]), 0), 2147483647), least(coalesce(sum(durations[24]), 0), 2147483647),
        least(coalesce(sum(durations[25]), 0), 2147483647)
      ]::int[],
      ARRAY[
        least(coalesce(sum(first_bytes[1]), 0), 2147483647), least(coalesce(sum(first_bytes[2]), 0), 2147483647), least(coalesce(sum(first_bytes[3]), 0), 2147483647),
        least(coalesce(sum(first_bytes[4]), 0), 2147483647), least(coalesce(sum(first_bytes[5]), 0), 2147483647), least(coalesce(sum(first_bytes[6]), 0), 2147483647),
        least(coalesce(sum(first_bytes[7]), 0), 2147483647), least(coalesce(sum(first_bytes[8]), 0), 2147483647), least(coalesce(sum(first_bytes[9]), 0), 2147483647),
        least(coalesce(sum(first_bytes[10]), 0), 2147483647), least(coalesce(sum(first_bytes[11]), 0), 2147483647), least(coalesce(sum(first_bytes[12]), 0), 2147483647),
        least(coalesce(sum(first_bytes[13]), 0), 2147483647), least(coalesce(sum(first_bytes[14]), 0), 2147483647), least(coalesce(sum(first_bytes[15]), 0), 2147483647),
        least(coalesce(sum(first_bytes[16]), 0), 2147483647), least(coalesce(sum(first_bytes[17]), 0), 2147483647), least(coalesce(sum(first_bytes[18]), 0), 2147483647),
        least(coalesce(sum(first_bytes[19]), 0), 2147483647), least(coalesce(sum(first_bytes[20]), 0), 2147483647), least(coalesce(sum(first_bytes[21]), 0), 2147483647),
        least(coalesce(sum(first_bytes[22]), 0), 2147483647), least(coalesce(sum(first_bytes[23]), 0), 2147483647), least(coalesce(sum(first_bytes[24]), 0), 2147483647),
        least(coalesce(sum(first_bytes[25]), 0), 2147483647)
      ]::int[]
    FROM (SELECT hour AS t, * FROM usage_hours) AS source
    GROUP BY GROUPING SETS ((t), (t, llm_id), (t, app_id), (t, user_id), (t, edge_id), (t, vendor), (t, model));
INSERT INTO usage_marginals AS t (dimension, grain, start_at, key, requests, errors, prompt_tokens, response_tokens, cache_write_tokens, cache_read_tokens, cost_nano_usd, durations, first_bytes)
    SELECT CASE WHEN grouping(llm_id) = 0 THEN 'llm' WHEN grouping(app_id) = 0 THEN 'app' WHEN grouping(user_id) = 0 THEN 'user' WHEN grouping(edge_id) = 0 THEN 'edge' WHEN grouping(vendor) = 0 THEN 'vendor' WHEN grouping(model) = 0 THEN 'model' ELSE 'all' END,
      'day', t, CASE WHEN grouping(llm_id) = 0 THEN llm_id::text WHEN grouping(app_id) = 0 THEN app_id::text WHEN grouping(user_id) = 0 THEN user_id::text WHEN grouping(edge_id) = 0 THEN edge_id WHEN grouping(vendor) = 0 THEN vendor WHEN grouping(model) = 0 THEN model ELSE '' END, least(sum(requests), 9007199254740991), least(sum(errors), 9007199254740991), least(sum(prompt_tokens), 9007199254740991), least(sum(response_tokens), 9007199254740991), least(sum(cache_write_tokens), 9007199254740991), least(sum(cache_read_tokens), 9007199254740991), least(sum(cost_nano_usd), 9007199254740991000),
      ARRAY[
        least(coalesce(sum(durations[1]), 0), 2147483647), least(coalesce(sum(durations[2]), 0), 2147483647), least(coalesce(sum(durations[3]), 0), 2147483647),
        least(coalesce(sum(durations[4]), 0), 2147483647), least(coalesce(sum(durations[5]), 0), 2147483647), least(coalesce(sum(durations[6]), 0), 2147483647),
        least(coalesce(sum(durations[7]), 0), 2147483647), least(coalesce(sum(durations[8]), 0), 2147483647), least(coalesce(sum(durations[9]), 0), 2147483647),
        least(coalesce(sum(durations[10]), 0), 2147483647), least(coalesce(sum(durations[11]), 0), 2147483647), least(coalesce(sum(durations[12]), 0), 2147483647),
        least(coalesce(sum(durations[13]), 0), 2147483647), least(coalesce(sum(durations[14]), 0), 2147483647), least(coalesce(sum(durations[15]), 0), 2147483647),
        least(coalesce(sum(durations[16]), 0), 2147483647), least(coalesce(sum(durations[17]), 0), 2147483647), least(coalesce(sum(durations[18]), 0), 2147483647),
        least(coalesce(sum(durations[19]), 0), 2147483647), least(coalesce(sum(durations[20]), 0), 2147483647), least(coalesce(sum(durations[21]), 0), 2147483647),
        least(coalesce(sum(durations[22]), 0), 2147483647), least(coalesce(sum(durations[23]), 0), 2147483647), least(coalesce(sum(durations[24]), 0), 2147483647),
        least(coalesce(sum(durations[25]), 0), 2147483647)
      ]::int[],
      ARRAY[
        least(coalesce(sum(first_bytes[1]), 0), 2147483647), least(coalesce(sum(first_bytes[2]), 0), 2147483647), least(coalesce(sum(first_bytes[3]), 0), 2147483647),
        least(coalesce(sum(first_bytes[4]), 0), 2147483647), least(coalesce(sum(first_bytes[5]), 0), 2147483647), least(coalesce(sum(first_bytes[6]), 0), 2147483647),
        least(coalesce(sum(first_bytes[7]), 0), 2147483647), least(coalesce(sum(first_bytes[8]), 0), 2147483647), least(coalesce(sum(first_bytes[9]), 0), 2147483647),
        least(coalesce(sum(first_bytes[10]), 0), 2147483647), least(coalesce(sum(first_bytes[11]), 0), 2147483647), least(coalesce(sum(first_bytes[12]), 0), 2147483647),
        least(coalesce(sum(first_bytes[13]), 0), 2147483647), least(coalesce(sum(first_bytes[14]), 0), 2147483647), least(coalesce(sum(first_bytes[15]), 0), 2147483647),
        least(coalesce(sum(first_bytes[16]), 0), 2147483647), least(coalesce(sum(first_bytes[17]), 0), 2147483647), least(coalesce(sum(first_bytes[18]), 0), 2147483647),
        least(coalesce(sum(first_bytes[19]), 0), 2147483647), least(coalesce(sum(first_bytes[20]), 0), 2147483647), least(coalesce(sum(first_bytes[21]), 0), 2147483647),
        least(coalesce(sum(first_bytes[22]), 0), 2147483647), least(coalesce(sum(first_bytes[23]), 0), 2147483647), least(coalesce(sum(first_bytes[24]), 0), 2147483647),
        least(coalesce(sum(first_bytes[25]), 0), 2147483647)
      ]::int[]
    FROM (SELECT day AS t, * FROM usage_days) AS source
    GROUP BY GROUPING SETS ((t), (t, llm_id), (t, app_id), (t, user_id), (t, edge_id), (t, vendor), (t, model));
