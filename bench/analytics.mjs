#!/usr/bin/env node
// `node bench/analytics.mjs [rows]`: fills a database of its own with that many usage records (10 million) over 90 days and prints how long
// every page and chart of usage takes. Needs about 8 GB in the temporary folder and some minutes. docs/decisions/040 has the figures.
import pg from "pg";
import { startTestPostgres } from "../packages/testkit/src/index.ts";
import { runTask } from "../scripts/lib/task.mjs";
import { aStudio } from "../server/testing.ts";

const rows = Number(process.argv[2] ?? 10_000_000);
const days = 90;
const repeats = 7;
const limitMs = 300;

await runTask(async ({ progress }) => {
  const postgres = await startTestPostgres();
  const studio = await aStudio();
  const client = new pg.Client(studio.runtime.env.databaseUrl);
  try {
    await client.connect();
    progress.say(`Inserting ${rows} usage records …`);
    await fill(client);
    const slow = [];
    for (const [name, path] of requests()) {
      const times = [];
      for (let turn = 0; turn < repeats; turn++) {
        const startedAt = performance.now();
        const { status, text } = await studio.call("GET", path);
        times.push(performance.now() - startedAt);
        if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${text.slice(0, 300)}`);
      }
      const [median = 0, most = 0] = [times.toSorted((a, b) => a - b)[Math.floor(repeats / 2)], Math.max(...times)];
      if (median > limitMs) slow.push(name);
      console.log(`${name.padEnd(58)} median ${median.toFixed(0).padStart(5)} ms   slowest ${most.toFixed(0).padStart(5)} ms`);
    }
    if (slow.length > 0) {
      process.exitCode = 1;
      console.log(`\nOver ${limitMs} ms: ${slow.join(", ")}`);
    }
  } finally {
    await client.end();
    await studio.close();
    await postgres.stop();
  }
});

/** A day at a time, through the triggers that keep the sums, as in use. Some models, users and outcomes are rare. */
async function fill(client) {
  await client.query(`
    INSERT INTO users (email, name, password_hash, updated_at) SELECT 'u' || n || '@example.com', 'User ' || n, 'none', now() FROM generate_series(2, 60) n;
    INSERT INTO llms (name, slug, vendor, api_endpoint, active, updated_at)
      SELECT 'LLM ' || n, 'llm-' || n, (ARRAY['openai', 'anthropic', 'google_ai'])[n % 3 + 1], '', true, now() FROM generate_series(1, 12) n;
    INSERT INTO apps (name, user_id, updated_at) SELECT 'App ' || n, n, now() FROM generate_series(1, 60) n`);
  const perDay = Math.ceil(rows / days);
  for (let day = days; day >= 1; day--) {
    await client.query(
      `INSERT INTO usage_records (request_id, edge_id, at, app_id, user_id, llm_id, vendor, model, outcome, status_code, reason, streamed, duration_ms,
         first_byte_ms, plugin_ms, prompt_tokens, response_tokens, cache_write_tokens, cache_read_tokens, cost_micro_usd, request_bytes, response_bytes, path,
         interaction, usage_estimated)
       SELECT 'req_' || $1::int || '_' || n, 'edge-' || (1 + floor(3 * random()))::int, now() - $1::int * interval '1 day' + n * interval '1 day' / $2::int,
         app, app, llm, (ARRAY['openai', 'anthropic', 'google_ai'])[llm % 3 + 1], CASE WHEN r < 0.00001 THEN 'rare-model' ELSE 'model-' || llm || '-' || (r * 3)::int END,
         CASE WHEN r > 0.9995 THEN 'blocked' WHEN r > 0.98 THEN 'failed' WHEN r > 0.975 THEN 'aborted' ELSE 'completed' END, 200, '', r < 0.6,
         200 + 5000 * random() * random(), 100 + 500 * random(), 1, 500, 200, 0, 100, CASE WHEN r < 0.0001 THEN 0 ELSE 900 END, 2000, 900, '/v1/chat/completions', 'proxy', false
       FROM (SELECT n, r, app, 1 + (app + floor(3 * random() * random())::int) % 12 AS llm
             FROM (SELECT n, random() AS r, 1 + floor(60 * random() * random())::int AS app FROM generate_series(1, $2::int) n) AS drawn) AS made`,
      [day, perDay],
    );
    await client.query(
      `INSERT INTO usage_minutes (minute, app_id, llm_id, requests, errors, prompt_tokens, response_tokens, cache_write_tokens, cache_read_tokens, cost_micro_usd, durations)
       SELECT date_trunc('minute', at), app_id, llm_id, count(*), 0, sum(prompt_tokens), sum(response_tokens), 0, sum(cache_read_tokens), sum(cost_micro_usd),
         array_fill(1::bigint, ARRAY[25])
       FROM usage_records WHERE at >= now() - $1::int * interval '1 day' AND at < now() - ($1::int - 1) * interval '1 day' GROUP BY 1, 2, 3
       ON CONFLICT DO NOTHING`,
      [day],
    );
  }
  for (const table of ["usage_records", "usage_minutes", "usage_hours", "usage_days", "usage_marginals"])
    await client.query(`VACUUM ANALYZE ${table}`);
  const { rows: counts } = await client.query(
    `SELECT relname AS table, n_live_tup AS rows, pg_size_pretty(pg_total_relation_size(relid)) AS size FROM pg_stat_user_tables WHERE relname LIKE 'usage\\_%' ORDER BY 1`,
  );
  console.table(counts);
}

function requests() {
  const day = (ago) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
  const quarter = `start_date=${day(days)}&end_date=${day(0)}`;
  const chart = (name, more = "") => [`chart ${name}, ${days} days`, `/api/v1/analytics/${name}?${quarter}${more}`];
  const calls = (name, query) => [`calls: ${name}`, `/api/v1/analytics/calls?${query}`];
  return [
    ...["1h", "24h", "7d", "30d"].map((range) => [`overview ${range}`, `/api/v1/analytics/overview?range=${range}`]),
    ...["24h", "7d", "30d", "90d", "1y"].map((range) => [`report ${range} by model`, `/api/v1/analytics/report?range=${range}&by=model`]),
    ["report 30d by app", "/api/v1/analytics/report?range=30d&by=app"],
    ["report 30d by app, days of Berlin", "/api/v1/analytics/report?range=30d&by=app&timezone=Europe/Berlin"],
    ["report 30d by model, one app", "/api/v1/analytics/report?range=30d&by=model&app_id=7"],
    ["report 7d by app, one LLM", "/api/v1/analytics/report?range=7d&by=app&llm_id=7"],
    ["report 90d by app, one vendor", "/api/v1/analytics/report?range=90d&by=app&vendor=openai"],
    chart("usage"),
    chart("usage", "&app_id=3&vendor=openai"),
    chart("chat-records-per-day"),
    chart("chat-records-per-user"),
    chart("unique-users-per-day"),
    chart("cost-analysis"),
    chart("most-used-llm-models"),
    chart("token-usage-per-app"),
    chart("model-usage", "&model_name=model-3-1"),
    chart("vendor-usage", "&vendor=openai"),
    chart("app-interactions-over-time", "&app_id=3"),
    chart("budget-usage"),
    calls("newest", "page_size=50"),
    calls("page 200", "page_size=50&page=200"),
    calls("by app", "app_id=40"),
    calls("by LLM", "llm_id=12"),
    calls("by user", "user_id=55"),
    calls("by edge", "edge_id=edge-2"),
    calls("by edge without calls", "edge_id=edge-9"),
    calls("by rare model", "model=rare-model"),
    calls("blocked", "outcome=blocked"),
    calls("without a price", "priced=false"),
    calls("a day a month ago", `from=${day(30)}T00:00:00Z&to=${day(29)}T00:00:00Z`),
    calls("by app and rare model", "app_id=40&model=rare-model"),
    calls("older than one of long ago", `before=req_80_5&page_size=50`),
    calls("found by request id", "q=req_80_5"),
  ];
}
