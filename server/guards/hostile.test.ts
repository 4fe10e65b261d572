import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const bodies = {
  users: { email: "ana@acme.test", name: "Ana" },
  groups: { name: "Team" },
  apps: { name: "crm" },
  llms: { name: "Model", vendor: "openai" },
  "model-prices": { model_name: "m", vendor: "openai" },
};

test("text that the database cannot keep is refused as the caller's fault", async () => {
  for (const [list, body] of Object.entries(bodies)) {
    const [field] = Object.keys(body);
    for (const bad of ["\\u0000", "\\ud800", "x\\udfff"]) {
      const text = JSON.stringify({ ...body, [field ?? ""]: "@" }).replace("@", `a${bad}b`);
      const answer = await studio.call("POST", `/api/v1/${list}`, text);
      expect([list, bad, answer.status, answer.errors[0]?.code]).toEqual([list, bad, 400, "invalid_json"]);
    }
  }
  // What only looks like it is kept as it is.
  const name = "a\\u0000 \\ud800 😀";
  expect((await studio.call("POST", "/api/v1/apps", { name })).data.attributes.name).toBe(name);
});

test("a NUL or half an encoding in an address is a bad request, whatever the endpoint", async () => {
  for (const path of [
    "llms?q=%00",
    "users?q=a%00b",
    "apps/by-name?name=%00",
    "apps/%00",
    "credentials/key/%00",
    "users?q=%E0%A4%A",
    "users?q=%ff",
  ])
    expect([path, (await studio.call("GET", `/api/v1/${path}`)).status < 500]).toEqual([path, true]);
});

test("JSON nested without end is refused, and brackets in text are not nesting", async () => {
  const deep = (levels: number) => `{"name":"deep","metadata":{"a":${"[".repeat(levels)}${"]".repeat(levels)}}}`;
  expect((await studio.call("POST", "/api/v1/apps", deep(50_000))).errors[0]).toMatchObject({ status: "400", code: "invalid_json" });
  expect((await studio.call("POST", "/api/v1/apps", deep(50))).status).toBe(201);
  expect((await studio.call("POST", "/api/v1/apps", { name: "flat", description: '\\"[{'.repeat(200) })).status).toBe(201);
});

test("bodies larger than an endpoint takes are refused with 413, and other values than objects with 4xx", async () => {
  expect((await studio.call("POST", "/api/v1/apps", `{"name":"${"a".repeat(1_100_000)}"}`)).status).toBe(413);
  for (const body of ["null", "[]", "1", '"text"', "true", '{"data":null}', '{"data":[]}'])
    expect([400, 422]).toContain((await studio.call("POST", "/api/v1/apps", body)).status);
});

test("a cookie that is no valid encoding is nobody's", async () => {
  const response = await studio.runtime.application.fetch(
    new Request("http://studio.test/common/me", { headers: { cookie: "session=%E0%A4%A" } }),
  );
  expect(response.status).toBe(401);
});
