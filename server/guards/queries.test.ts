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

test("every endpoint refuses a parameter that it does not have, naming it and those that there are", async () => {
  const strict = studio.runtime.endpoints.filter((one) => one.method === "GET" && !one.anyQuery && one.path !== "/api/v1/events");
  expect(strict.length).toBeGreaterThan(60);
  const faults: unknown[] = [];
  for (const one of strict) {
    const { status, errors } = await get(`${pathOf(one)}?no_such_parameter=1`);
    const fault = errors.find(({ field }) => field === "no_such_parameter");
    const isNamed = parameterNames(one.query).every((name) => fault?.detail.includes(name));
    // What the path lacks is found first.
    const isAbout = fault !== undefined && /is not a parameter/.test(fault.detail);
    const isPathFault = status === 400 && fault === undefined;
    if (!isPathFault && !(status === 400 && isAbout && isNamed)) faults.push([one.path, status, errors]);
  }
  expect(faults).toEqual([]);
  expect((await get("/api/v1/llms?colour=1")).errors[0]).toMatchObject({ source: { parameter: "colour" } });
  expect((await get("/api/v1/llms?page=1&page=2")).errors[0]).toMatchObject({ status: "400", field: "page" });
  expect((await studio.call("POST", "/api/v1/llms?dry_run=true", { name: "Kept out", vendor: "openai" })).status).toBe(400);
  expect((await get("/api/v1/llms?q=Kept")).meta.total_count).toBe(0);
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
    for (const table of ["apps", "llms", "users", "groups", "plugins"]) {
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
