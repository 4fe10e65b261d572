import { gzipSync } from "node:zlib";
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

test("what cannot be kept as it was sent is refused, not changed: compressed bodies, broken UTF-8, numbers and names beyond JavaScript's", async () => {
  const send = async (body: Uint8Array<ArrayBuffer> | string, headers: Record<string, string> = {}) => {
    const request = new Request("http://studio.test/api/v1/apps", {
      method: "POST",
      body,
      headers: { authorization: `Bearer ${studio.admin.token}`, ...headers },
    });
    const response = await studio.runtime.application.fetch(request);
    return [response.status, ((await response.json()) as { errors?: { code: string }[] }).errors?.[0]?.code];
  };
  const gzip = new Uint8Array(gzipSync('{"name":"x"}'));
  expect(await send(gzip, { "content-encoding": "gzip" })).toEqual([415, "unsupported_media_type"]);
  expect(await send(gzip)).toEqual([415, "unsupported_media_type"]);
  expect(await send('{"name":"x"}', { "content-encoding": "identity" })).toEqual([201, undefined]);
  expect(await send(new Uint8Array([...Buffer.from('{"name":"'), 0xe4, 0x22, 0x7d]))).toEqual([400, "invalid_json"]);
  for (const value of ["1e400", "-1e999", "12345678901234567891", '{"__proto__":1}'])
    expect([value, await send(`{"name":"x","metadata":{"a":${value}}}`)]).toEqual([value, [400, "invalid_json"]]);
  for (const value of ["9007199254740992", "1e300", "0.1234567890123456789"])
    expect([value, await send(`{"name":"x","metadata":{"a":${value}}}`)]).toEqual([value, [201, undefined]]);
  expect(await send('{"data":{"type":"app","attributes":{"name":"x"}},"meta":{"a":1},"jsonapi":{"version":"1.1"}}')).toEqual([
    201,
    undefined,
  ]);
});

test("of a dozen who change different fields of one object at once all succeed, and no change is lost", async () => {
  const { call } = studio;
  const llm = await call("POST", "/api/v1/llms", { name: "Busy", vendor: "openai" });
  const user = await call("POST", "/api/v1/users", { email: "busy@acme.test", name: "Busy" });
  const fields = { short_description: "a", long_description: "b", logo_url: "c", default_model: "d", privacy_score: 5, monthly_budget: 6 };
  const changes = Object.entries(fields).map(([name, value]) => ({ [name]: value }));
  const flags = ["show_portal", "show_chat", "email_verified"].map((name) => ({ [name]: false }));
  const answers = await Promise.all([
    ...[...changes, ...changes].map((change) => call("PATCH", `/api/v1/llms/${llm.data.id}`, change)),
    ...flags.map((change) => call("PATCH", `/api/v1/users/${user.data.id}`, change)),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect((await call("GET", `/api/v1/llms/${llm.data.id}`)).data.attributes).toMatchObject(fields);
  expect((await call("GET", `/api/v1/users/${user.data.id}`)).data.attributes).toMatchObject(Object.assign({}, ...flags));
});
