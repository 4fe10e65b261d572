-- Usage by hour and by day with everything that it can be broken down by. Triggers keep them, not the studio: a studio of the release
-- before, which knows nothing of them, and a repricing count all the same. A record that was there before fires no trigger's row.
-- CreateTable
CREATE TABLE "usage_hours" (
    "hour" TIMESTAMPTZ NOT NULL,
    "app_id" INTEGER NOT NULL,
    "llm_id" INTEGER NOT NULL,
    "user_id" INTEGER NOT NULL,
    "edge_id" TEXT NOT NULL,
    "vendor" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "interaction" TEXT NOT NULL,
    "requests" BIGINT NOT NULL,
    "errors" BIGINT NOT NULL,
    "prompt_tokens" BIGINT NOT NULL,
    "response_tokens" BIGINT NOT NULL,
    "cache_write_tokens" BIGINT NOT NULL,
    "cache_read_tokens" BIGINT NOT NULL,
    "cost_nano_usd" BIGINT NOT NULL,
    "durations" INTEGER[],
    "first_bytes" INTEGER[],

    CONSTRAINT "usage_hours_pkey" PRIMARY KEY ("hour","app_id","llm_id","user_id","edge_id","vendor","model","interaction")
);

-- CreateTable
CREATE TABLE "usage_days" (
    "day" TIMESTAMPTZ NOT NULL,
    "app_id" INTEGER NOT NULL,
    "llm_id" INTEGER NOT NULL,
    "user_id" INTEGER NOT NULL,
    "edge_id" TEXT NOT NULL,
    "vendor" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "interaction" TEXT NOT NULL,
    "requests" BIGINT NOT NULL,
    "errors" BIGINT NOT NULL,
    "prompt_tokens" BIGINT NOT NULL,
    "response_tokens" BIGINT NOT NULL,
    "cache_write_tokens" BIGINT NOT NULL,
    "cache_read_tokens" BIGINT NOT NULL,
    "cost_nano_usd" BIGINT NOT NULL,
    "durations" INTEGER[],
    "first_bytes" INTEGER[],

    CONSTRAINT "usage_days_pkey" PRIMARY KEY ("day","app_id","llm_id","user_id","edge_id","vendor","model","interaction")
);

-- CreateIndex
CREATE INDEX "usage_records_user_id_at_idx" ON "usage_records"("user_id", "at");

-- CreateIndex
CREATE INDEX "usage_records_edge_id_at_idx" ON "usage_records"("edge_id", "at");

-- CreateIndex
CREATE INDEX "usage_records_model_at_idx" ON "usage_records"("model", "at");

-- What did not complete is rare and looked for often.
CREATE INDEX "usage_records_not_completed_idx" ON "usage_records" ("outcome", "at") WHERE "outcome" <> 'completed';

-- Position of the histogram's bucket, from 0: the first whose bound is not below the duration (server/usage/histogram.ts).
CREATE FUNCTION "portico_duration_bucket"(ms float8) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT 24 - width_bucket(-ms, ARRAY[-120000, -60000, -35000, -20000, -12000, -7500, -4500, -2800, -1700, -1100, -700, -450, -280, -170, -100, -60, -35, -20, -13, -8, -5, -3, -2, -1]::float8[])
$$;

CREATE FUNCTION "portico_add_counts"(a int[], b int[]) RETURNS int[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT array_agg(least(coalesce(x, 0)::bigint + coalesce(y, 0), 2147483647)::int ORDER BY position)
  FROM unnest(a, b) WITH ORDINALITY AS u(x, y, position)
$$;

CREATE FUNCTION "portico_usage_added"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO usage_hours AS t (hour, app_id, llm_id, user_id, edge_id, vendor, model, interaction, requests, errors, prompt_tokens, response_tokens, cache_write_tokens, cache_read_tokens, cost_nano_usd, durations, first_bytes)
  SELECT date_trunc('hour', at, 'UTC'), app_id, llm_id, user_id, edge_id, vendor, model, interaction,
         count(*) AS requests,
         count(*) FILTER (WHERE outcome IN ('failed', 'blocked')) AS errors,
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
         ]::int[],
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
         ]::int[]
  FROM (
    SELECT *,
      CASE WHEN outcome = 'completed' THEN portico_duration_bucket(duration_ms) END AS duration_bucket,
      CASE WHEN outcome = 'completed' AND streamed AND first_byte_ms > 0 THEN portico_duration_bucket(first_byte_ms) END AS first_byte_bucket
    FROM added
  ) AS r
  GROUP BY 1, app_id, llm_id, user_id, edge_id, vendor, model, interaction ORDER BY 1, app_id, llm_id, user_id, edge_id, vendor, model, interaction
  ON CONFLICT (hour, app_id, llm_id, user_id, edge_id, vendor, model, interaction) DO UPDATE SET
    requests = least(t.requests + EXCLUDED.requests, 9007199254740991),
    errors = least(t.errors + EXCLUDED.errors, 9007199254740991),
    prompt_tokens = least(t.prompt_tokens + EXCLUDED.prompt_tokens, 9007199254740991),
    response_tokens = least(t.response_tokens + EXCLUDED.response_tokens, 9007199254740991),
    cache_write_tokens = least(t.cache_write_tokens + EXCLUDED.cache_write_tokens, 9007199254740991),
    cache_read_tokens = least(t.cache_read_tokens + EXCLUDED.cache_read_tokens, 9007199254740991),
    cost_nano_usd = least(t.cost_nano_usd + EXCLUDED.cost_nano_usd, 9007199254740991000),
    durations = portico_add_counts(t.durations, EXCLUDED.durations),
    first_bytes = portico_add_counts(t.first_bytes, EXCLUDED.first_bytes);

  INSERT INTO usage_days AS t (day, app_id, llm_id, user_id, edge_id, vendor, model, interaction, requests, errors, prompt_tokens, response_tokens, cache_write_tokens, cache_read_tokens, cost_nano_usd, durations, first_bytes)
  SELECT date_trunc('day', at, 'UTC'), app_id, llm_id, user_id, edge_id, vendor, model, interaction,
         count(*) AS requests,
         count(*) FILTER (WHERE outcome IN ('failed', 'blocked')) AS errors,
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
         ]::int[],
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
         ]::int[]
  FROM (
    SELECT *,
      CASE WHEN outcome = 'completed' THEN portico_duration_bucket(duration_ms) END AS duration_bucket,
      CASE WHEN outcome = 'completed' AND streamed AND first_byte_ms > 0 THEN portico_duration_bucket(first_byte_ms) END AS first_byte_bucket
    FROM added
  ) AS r
  GROUP BY 1, app_id, llm_id, user_id, edge_id, vendor, model, interaction ORDER BY 1, app_id, llm_id, user_id, edge_id, vendor, model, interaction
  ON CONFLICT (day, app_id, llm_id, user_id, edge_id, vendor, model, interaction) DO UPDATE SET
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

-- Only costs of records ever change.
CREATE FUNCTION "portico_usage_repriced"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE usage_hours t SET cost_nano_usd = greatest(0, least(t.cost_nano_usd + d.delta, 9007199254740991000))
  FROM (
    SELECT date_trunc('hour', n.at, 'UTC') AS hour, n.app_id, n.llm_id, n.user_id, n.edge_id, n.vendor, n.model, n.interaction,
           sum((n.cost_micro_usd - o.cost_micro_usd)::numeric * 1000 + n.cost_rest_nano_usd - o.cost_rest_nano_usd)::bigint AS delta
    FROM added n JOIN removed o USING (id)
    WHERE (n.cost_micro_usd, n.cost_rest_nano_usd) IS DISTINCT FROM (o.cost_micro_usd, o.cost_rest_nano_usd)
    GROUP BY 1, n.app_id, n.llm_id, n.user_id, n.edge_id, n.vendor, n.model, n.interaction
  ) AS d
  WHERE (t.hour, t.app_id, t.llm_id, t.user_id, t.edge_id, t.vendor, t.model, t.interaction) = (d.hour, d.app_id, d.llm_id, d.user_id, d.edge_id, d.vendor, d.model, d.interaction);

  UPDATE usage_days t SET cost_nano_usd = greatest(0, least(t.cost_nano_usd + d.delta, 9007199254740991000))
  FROM (
    SELECT date_trunc('day', n.at, 'UTC') AS day, n.app_id, n.llm_id, n.user_id, n.edge_id, n.vendor, n.model, n.interaction,
           sum((n.cost_micro_usd - o.cost_micro_usd)::numeric * 1000 + n.cost_rest_nano_usd - o.cost_rest_nano_usd)::bigint AS delta
    FROM added n JOIN removed o USING (id)
    WHERE (n.cost_micro_usd, n.cost_rest_nano_usd) IS DISTINCT FROM (o.cost_micro_usd, o.cost_rest_nano_usd)
    GROUP BY 1, n.app_id, n.llm_id, n.user_id, n.edge_id, n.vendor, n.model, n.interaction
  ) AS d
  WHERE (t.day, t.app_id, t.llm_id, t.user_id, t.edge_id, t.vendor, t.model, t.interaction) = (d.day, d.app_id, d.llm_id, d.user_id, d.edge_id, d.vendor, d.model, d.interaction);
  RETURN NULL;
END
$$;

-- These lock the records against writers until the end of this migration, so that the sums below miss none.
CREATE TRIGGER "usage_records_added" AFTER INSERT ON "usage_records"
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION "portico_usage_added"();
CREATE TRIGGER "usage_records_repriced" AFTER UPDATE ON "usage_records"
  REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION "portico_usage_repriced"();

INSERT INTO usage_hours AS t (hour, app_id, llm_id, user_id, edge_id, vendor, model, interaction, requests, errors, prompt_tokens, response_tokens, cache_write_tokens, cache_read_tokens, cost_nano_usd, durations, first_bytes)
  SELECT date_trunc('hour', at, 'UTC'), app_id, llm_id, user_id, edge_id, vendor, model, interaction,
         count(*) AS requests,
         count(*) FILTER (WHERE outcome IN ('failed', 'blocked')) AS errors,
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
         ]::int[],
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
         ]::int[]
  FROM (
    SELECT *,
      CASE WHEN outcome = 'completed' THEN portico_duration_bucket(duration_ms) END AS duration_bucket,
      CASE WHEN outcome = 'completed' AND streamed AND first_byte_ms > 0 THEN portico_duration_bucket(first_byte_ms) END AS first_byte_bucket
    FROM usage_records
  ) AS r
  GROUP BY 1, app_id, llm_id, user_id, edge_id, vendor, model, interaction ORDER BY 1, app_id, llm_id, user_id, edge_id, vendor, model, interaction;

-- Records are deleted earlier than the sums by minute, which say neither model, user nor edge.
INSERT INTO usage_hours AS t (hour, app_id, llm_id, user_id, edge_id, vendor, model, interaction, requests, errors, prompt_tokens, response_tokens, cache_write_tokens, cache_read_tokens, cost_nano_usd, durations, first_bytes)
SELECT date_trunc('hour', m.minute, 'UTC'), m.app_id, m.llm_id, 0, '', coalesce(max(l.vendor), ''), '', 'proxy',
  sum(m.requests), sum(m.errors), sum(m.prompt_tokens), sum(m.response_tokens), sum(m.cache_write_tokens), sum(m.cache_read_tokens),
  least(sum(m.cost_micro_usd::numeric * 1000 + m.cost_rest_nano_usd), 9007199254740991000),
  ARRAY[
    least(coalesce(sum(m.durations[1]), 0), 2147483647), least(coalesce(sum(m.durations[2]), 0), 2147483647), least(coalesce(sum(m.durations[3]), 0), 2147483647),
    least(coalesce(sum(m.durations[4]), 0), 2147483647), least(coalesce(sum(m.durations[5]), 0), 2147483647), least(coalesce(sum(m.durations[6]), 0), 2147483647),
    least(coalesce(sum(m.durations[7]), 0), 2147483647), least(coalesce(sum(m.durations[8]), 0), 2147483647), least(coalesce(sum(m.durations[9]), 0), 2147483647),
    least(coalesce(sum(m.durations[10]), 0), 2147483647), least(coalesce(sum(m.durations[11]), 0), 2147483647), least(coalesce(sum(m.durations[12]), 0), 2147483647),
    least(coalesce(sum(m.durations[13]), 0), 2147483647), least(coalesce(sum(m.durations[14]), 0), 2147483647), least(coalesce(sum(m.durations[15]), 0), 2147483647),
    least(coalesce(sum(m.durations[16]), 0), 2147483647), least(coalesce(sum(m.durations[17]), 0), 2147483647), least(coalesce(sum(m.durations[18]), 0), 2147483647),
    least(coalesce(sum(m.durations[19]), 0), 2147483647), least(coalesce(sum(m.durations[20]), 0), 2147483647), least(coalesce(sum(m.durations[21]), 0), 2147483647),
    least(coalesce(sum(m.durations[22]), 0), 2147483647), least(coalesce(sum(m.durations[23]), 0), 2147483647), least(coalesce(sum(m.durations[24]), 0), 2147483647),
    least(coalesce(sum(m.durations[25]), 0), 2147483647)
  ]::int[],
  NULL
FROM usage_minutes m LEFT JOIN llms l ON l.id = m.llm_id
WHERE m.minute < coalesce((SELECT date_trunc('hour', min(at), 'UTC') FROM usage_records), 'infinity')
GROUP BY 1, m.app_id, m.llm_id;

INSERT INTO usage_days AS t (day, app_id, llm_id, user_id, edge_id, vendor, model, interaction, requests, errors, prompt_tokens, response_tokens, cache_write_tokens, cache_read_tokens, cost_nano_usd, durations, first_bytes)
SELECT date_trunc('day', m.hour, 'UTC'), app_id, llm_id, user_id, edge_id, vendor, model, interaction, least(sum(m.requests), 9007199254740991), least(sum(m.errors), 9007199254740991), least(sum(m.prompt_tokens), 9007199254740991), least(sum(m.response_tokens), 9007199254740991), least(sum(m.cache_write_tokens), 9007199254740991), least(sum(m.cache_read_tokens), 9007199254740991), least(sum(m.cost_nano_usd), 9007199254740991000),
  ARRAY[
    least(coalesce(sum(m.durations[1]), 0), 2147483647), least(coalesce(sum(m.durations[2]), 0), 2147483647), least(coalesce(sum(m.durations[3]), 0), 2147483647),
    least(coalesce(sum(m.durations[4]), 0), 2147483647), least(coalesce(sum(m.durations[5]), 0), 2147483647), least(coalesce(sum(m.durations[6]), 0), 2147483647),
    least(coalesce(sum(m.durations[7]), 0), 2147483647), least(coalesce(sum(m.durations[8]), 0), 2147483647), least(coalesce(sum(m.durations[9]), 0), 2147483647),
    least(coalesce(sum(m.durations[10]), 0), 2147483647), least(coalesce(sum(m.durations[11]), 0), 2147483647), least(coalesce(sum(m.durations[12]), 0), 2147483647),
    least(coalesce(sum(m.durations[13]), 0), 2147483647), least(coalesce(sum(m.durations[14]), 0), 2147483647), least(coalesce(sum(m.durations[15]), 0), 2147483647),
    least(coalesce(sum(m.durations[16]), 0), 2147483647), least(coalesce(sum(m.durations[17]), 0), 2147483647), least(coalesce(sum(m.durations[18]), 0), 2147483647),
    least(coalesce(sum(m.durations[19]), 0), 2147483647), least(coalesce(sum(m.durations[20]), 0), 2147483647), least(coalesce(sum(m.durations[21]), 0), 2147483647),
    least(coalesce(sum(m.durations[22]), 0), 2147483647), least(coalesce(sum(m.durations[23]), 0), 2147483647), least(coalesce(sum(m.durations[24]), 0), 2147483647),
    least(coalesce(sum(m.durations[25]), 0), 2147483647)
  ]::int[],
  ARRAY[
    least(coalesce(sum(m.first_bytes[1]), 0), 2147483647), least(coalesce(sum(m.first_bytes[2]), 0), 2147483647), least(coalesce(sum(m.first_bytes[3]), 0), 2147483647),
    least(coalesce(sum(m.first_bytes[4]), 0), 2147483647), least(coalesce(sum(m.first_bytes[5]), 0), 2147483647), least(coalesce(sum(m.first_bytes[6]), 0), 2147483647),
    least(coalesce(sum(m.first_bytes[7]), 0), 2147483647), least(coalesce(sum(m.first_bytes[8]), 0), 2147483647), least(coalesce(sum(m.first_bytes[9]), 0), 2147483647),
    least(coalesce(sum(m.first_bytes[10]), 0), 2147483647), least(coalesce(sum(m.first_bytes[11]), 0), 2147483647), least(coalesce(sum(m.first_bytes[12]), 0), 2147483647),
    least(coalesce(sum(m.first_bytes[13]), 0), 2147483647), least(coalesce(sum(m.first_bytes[14]), 0), 2147483647), least(coalesce(sum(m.first_bytes[15]), 0), 2147483647),
    least(coalesce(sum(m.first_bytes[16]), 0), 2147483647), least(coalesce(sum(m.first_bytes[17]), 0), 2147483647), least(coalesce(sum(m.first_bytes[18]), 0), 2147483647),
    least(coalesce(sum(m.first_bytes[19]), 0), 2147483647), least(coalesce(sum(m.first_bytes[20]), 0), 2147483647), least(coalesce(sum(m.first_bytes[21]), 0), 2147483647),
    least(coalesce(sum(m.first_bytes[22]), 0), 2147483647), least(coalesce(sum(m.first_bytes[23]), 0), 2147483647), least(coalesce(sum(m.first_bytes[24]), 0), 2147483647),
    least(coalesce(sum(m.first_bytes[25]), 0), 2147483647)
  ]::int[]
FROM usage_hours m GROUP BY 1, app_id, llm_id, user_id, edge_id, vendor, model, interaction;
