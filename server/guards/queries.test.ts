import { AppError } from "@portico/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { parseInput } from "../fields/input-error.ts";
import type { Endpoint } from "../http/endpoint.ts";
import { parameterNames } from "../http/query.ts";
import { aStudio, type Studio } from "../testing.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const pathOf = ({ path }: Endpoint) => path.replace(/:[a-z_]+(\{[^}]*\})?/gi, "1").replace(/\*$/, "x");
const get = (path: string) => studio.call("GET", path);
const namesIn = async (path: string) => (await get(path)).list.map(({ attributes }) => attributes.name);

const queried = () => studio.runtime.endpoints.filter((one) => !one.passesQuery && one.path !== "/api/v1/events");

test("a misspelt or repeated parameter is refused wherever it could be meant, and the right name is said", async () => {
  const faults: unknown[] = [];
  let sent = 0;
  for (const one of queried().filter(({ method }) => method === "GET"))
    for (const name of parameterNames(one.query)) {
      const misspelt = [name.toUpperCase(), `${name.replaceAll("_", "-")}-`, ...(name.length > 3 ? [`${name}x`, name.slice(0, -1)] : [])];
      for (const wrong of misspelt.filter((each) => !parameterNames(one.query).includes(each))) {
        sent++;
        const { status, errors } = await get(`${pathOf(one)}?${wrong}=1`);
        const isPathFault = status === 400 && !errors.some(({ field }) => field === wrong);
        const detail = errors.find(({ field }) => field === wrong)?.detail ?? "";
        if (!isPathFault && !(status === 400 && /did you mean [a-z_]+\?/i.test(detail))) faults.push([one.path, wrong, status, errors]);
      }
    }
  expect(sent).toBeGreaterThan(500);
  expect(faults).toEqual([]);
  const swapped = await get("/api/v1/llms?serach=x&pageSize=3&page=1&page=2");
  expect(swapped.errors.map(({ field, detail }) => [field, detail])).toEqual([
    ["serach", "serach: is not a parameter here; did you mean search?"],
    ["pageSize", "pageSize: is not a parameter here; did you mean page_size?"],
    ["page", "page: must be given once"],
  ]);
});

test("reads ignore parameters that they do not have", async () => {
  const strange = "colour=1&_=1764312000&utm_source=mail&skip_entitlements=true&interaction=%00&__proto__=x";
  const faults: unknown[] = [];
  for (const one of queried().filter(({ method }) => method === "GET")) {
    const [plain, asked] = [await get(pathOf(one)), await get(`${pathOf(one)}?${strange}`)];
    if (plain.status !== asked.status) faults.push([one.path, plain.status, asked.status, asked.errors]);
  }
  expect(faults).toEqual([]);
});

test("writes refuse parameters that they do not have before anything is done, except those that only defeat caches", async () => {
  const dry = await studio.call("POST", "/api/v1/llms?dry_run=true", { name: "Kept out", vendor: "openai" });
  expect(dry.status).toBe(400);
  expect(dry.errors[0]).toMatchObject({ detail: "dry_run: is not a parameter here; POST /api/v1/llms has no parameters" });
  expect((await get("/api/v1/llms?q=Kept")).meta.total_count).toBe(0);
  expect((await studio.call("POST", "/api/v1/llms?_=1", { name: "Let in", vendor: "openai" })).status).toBe(201);
});

test("parameters that mean the same do the same: page_number, offset, sort_by with sort_direction", async () => {
  for (const name of ["Same 1", "Same 2", "Same 3", "Same 4", "Same 5"]) await studio.call("POST", "/api/v1/groups", { name });
  const found = (query: string) => namesIn(`/api/v1/groups?q=Same&${query}`);
  expect(await found("page_number=2&limit=2&sort_by=name&sort_direction=desc")).toEqual(await found("page=2&page_size=2&sort=-name"));
  expect(await found("sort=name&page_size=2&offset=1")).toEqual(["Same 2", "Same 3"]);
  expect((await get("/api/v1/groups?sort_by=secret")).errors[0]).toMatchObject({ status: "400", field: "sort_by" });
});

test("lists without pages are whole unless a page is asked for", async () => {
  const models = Array.from({ length: 23 }, (_, i) => `whole-${i}`);
  for (const model_name of models) await studio.call("POST", "/api/v1/model-prices", { model_name, vendor: "whole" });
  const path = "/api/v1/model-prices/by-vendor?vendor=whole";
  const whole = await get(`${path}&sort=model_name`);
  expect(whole.list.map(({ attributes }) => attributes.model_name)).toEqual(models);
  expect(whole.meta).toMatchObject({ total_count: 23, total_pages: 1, page_number: 1 });
  expect((await get(`${path}&page_size=5&page=5`)).list).toHaveLength(3);
  for (const name of models) {
    const app = await studio.call("POST", "/api/v1/apps", { name, activate: true });
    expect(app.status).toBe(201);
  }
  expect((await get("/api/v1/credentials/active")).list.length).toBeGreaterThanOrEqual(23);
});

test("lists are sorted by name as people sort: case and accents together, numbers by their value", async () => {
  const names = ["Zebra 1", "ärger", "Ananas", "model 10", "Model 2", "apfel", "zebra 2"];
  const sorted = ["Ananas", "apfel", "ärger", "Model 2", "model 10", "Zebra 1", "zebra 2"];
  for (const name of names) {
    await studio.call("POST", "/api/v1/apps", { name, description: "sorted-here" });
  }
  const found = (query: string) => namesIn(`/api/v1/apps?q=sorted-here&${query}`);
  expect(await found("sort=name")).toEqual(sorted);
  expect(await found("sort=-name")).toEqual([...sorted].reverse());
  expect(await found("sort=name&page_size=3&page=2")).toEqual(sorted.slice(3, 6));
  const client = await studio.db.sql.connect();
  try {
    await client.query("SET enable_seqscan = off");
    for (const table of ["apps", "llms", "users", "groups", "plugins", "tags", "tools"]) {
      const plan = await client.query(`EXPLAIN SELECT id FROM ${table} t ORDER BY t.name COLLATE natural_order, t.id LIMIT 10`);
      expect(JSON.stringify(plan.rows)).toContain(`${table}_natural_name_idx`);
    }
  } finally {
    client.release(true);
  }
});

test("a wrong value is answered with what would be right", async () => {
  const details = async (path: string) => (await get(path)).errors.map(({ detail }) => detail);
  expect(await details("/api/v1/llms?page_size=1001")).toEqual(["page_size: must be at most 1000"]);
  expect(await details("/api/v1/llms?page=1000001")).toEqual(["page: must be at most 1000000"]);
  expect(await details("/api/v1/llms?page_size=0")).toEqual(["page_size: must be at least 1"]);
  expect(await details("/api/v1/llms?page_size=x")).toEqual(["page_size: must be a whole number from 1 to 1000"]);
  const scored = await studio.call("POST", "/api/v1/llms", { name: "Scored", vendor: "openai", privacy_score: 101 });
  expect(scored.errors.map(({ detail }) => detail)).toEqual(["privacy_score: must be from 0 to 100"]);
  const dated = await get("/api/v1/analytics/usage?start_date=2026-13-01&end_date=2026-01-02");
  expect(dated.errors.map(({ field }) => field)).toEqual(["start_date"]);
});

const wrong = [null, true, 5, -1, 1e12, 0.5, "", "x", "x".repeat(50_000), [], [1], ["x"], [null], [{}], {}, { a: 1 }];
const ofLibrary = /^(Invalid|Too (big|small)|Expected|Unrecognized|Required)/;

test("no message for a wrong value is a library's own, in any body and query", () => {
  const raw = new Map<string, unknown>();
  let judged = 0;
  for (const one of studio.runtime.endpoints)
    for (const [where, schema] of [["body", one.body] as const, ["query", one.query] as const]) {
      if (!schema) continue;
      const { properties = {} } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
      const values = where === "query" ? ["", "x", "-1", "0", "99999999999999", "x".repeat(50_000)] : wrong;
      const inputs = [
        ...(where === "body" ? wrong : []),
        ...Object.keys(properties).flatMap((name) => values.map((value) => ({ [name]: value }))),
      ];
      for (const input of inputs) {
        try {
          parseInput(schema, input, where);
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          judged += error.issues.length;
          for (const { field, message } of error.issues)
            if (ofLibrary.test(message)) raw.set(`${one.method} ${one.path} ${field}: ${message}`, input);
        }
      }
    }
  expect(judged).toBeGreaterThan(1_000);
  expect([...raw.keys()]).toEqual([]);
});
