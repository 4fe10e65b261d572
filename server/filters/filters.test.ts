import { afterAll, beforeAll, expect, test } from "vitest";
import { aGrantedPlugin, callAs } from "../grpc/testing.ts";
import { aStudio, type Studio } from "../testing.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const base64 = (script: string) => Buffer.from(script).toString("base64");
const tengo = 'text := import("text")\noutput := {block: false, payload: input.raw_input, message: ""}';
const create = (fields: object) => studio.call("POST", "/api/v1/filters", { data: { type: "filter", attributes: fields } });

test("a filter is created, changed, attached to LLMs in an order, and deleted with what depends on it said", async () => {
  const { call } = studio;
  const script = base64('return { block: /naïve/.test(input.raw_input), message: "no" }');
  const first = await create({ name: "Guard", description: "blocks", script });
  expect(first.status).toBe(201);
  expect(first.data).toMatchObject({
    type: "filter",
    attributes: { name: "Guard", script, response_filter: false, active: true, namespace: "", llms: [] },
  });
  const second = await create({ name: "Answers", script, response_filter: true });
  const ids = [Number(second.data.id), Number(first.data.id)];
  const llm = await call("POST", "/api/v1/llms", { name: "Guarded", vendor: "openai", filters: ids });
  const filtersOf = async () =>
    ((await call("GET", `/api/v1/llms/${llm.data.id}`)).data.attributes.filters as { id: string }[]).map(({ id }) => Number(id));
  expect(llm.data.attributes.filters).toMatchObject([
    { type: "filter", id: String(ids[0]), attributes: { name: "Answers", response_filter: true } },
    { id: String(ids[1]) },
  ]);
  // What is shown may be sent back, and a change of something else keeps them.
  await call("PATCH", `/api/v1/llms/${llm.data.id}`, { filters: llm.data.attributes.filters, short_description: "x" });
  await call("PATCH", `/api/v1/llms/${llm.data.id}`, { privacy_score: 5 });
  expect(await filtersOf()).toEqual(ids);
  await call("PATCH", `/api/v1/llms/${llm.data.id}`, { filters: [...ids].reverse() });
  expect(await filtersOf()).toEqual([...ids].reverse());
  expect((await call("GET", `/api/v1/filters/${ids[0]}`)).data.attributes.llms).toEqual([{ id: Number(llm.data.id), name: "Guarded" }]);
  expect((await call("GET", `/api/v1/filters/${ids[0]}/dependents`)).list).toMatchObject([
    { type: "llms", name: "Guarded", effect: "no longer runs it" },
  ]);
  expect((await call("DELETE", `/api/v1/filters/${ids[0]}`)).status).toBe(204);
  expect(await filtersOf()).toEqual([ids[1]]);
  expect((await call("PATCH", `/api/v1/llms/${llm.data.id}`, { filters: [ids[0]] })).errors).toMatchObject([
    { status: "422", field: "filters" },
  ]);
  const entries = (await call("GET", `/api/v1/audit-log?object_type=filter&object_id=${ids[0]}`)).list;
  expect(entries.map(({ attributes }) => attributes.action)).toEqual(["filter.deleted", "filter.created"]);
});

test("what could not run is refused with the field and the reason, unless the filter is inactive", async () => {
  for (const [fields, field, detail] of [
    [{ name: "x", script: base64(tengo) }, "script", /written in Tengo.*docs\/filters\.md/s],
    [{ name: "x", script: base64("const = 1") }, "script", /Unexpected token on line 1/],
    [{ name: "x", script: "not base64!" }, "script", /in base64/],
    [{ name: "x" }, "script", /required/],
    [{ script: base64("return {}") }, "name", /required/],
  ] as const)
    expect((await create(fields)).errors).toMatchObject([{ status: "422", field, detail: expect.stringMatching(detail) }]);
  const draft = await create({ name: "To port", script: base64(tengo), active: false });
  expect(draft.status).toBe(201);
  const path = `/api/v1/filters/${draft.data.id}`;
  expect((await studio.call("PATCH", path, { active: true })).errors).toMatchObject([{ status: "422", field: "script" }]);
  expect((await studio.call("PATCH", path, { active: true, script: base64("return {}") })).data.attributes).toMatchObject({ active: true });
});

test("an LLM takes filters of its namespace only, and an attached filter stays in its own", async () => {
  const { call } = studio;
  const eu = await create({ name: "EU", script: base64("return {}"), namespace: "eu" });
  const id = Number(eu.data.id);
  const refused = await call("POST", "/api/v1/llms", { name: "US model", vendor: "openai", namespace: "us", filters: [id] });
  expect(refused.errors).toMatchObject([
    { status: "422", field: "filters", detail: expect.stringContaining('"EU" is in the namespace eu') },
  ]);
  expect((await call("POST", "/api/v1/llms", { name: "EU model", vendor: "openai", namespace: "eu", filters: [id] })).status).toBe(201);
  expect((await call("PATCH", `/api/v1/filters/${id}`, { namespace: "us" })).errors).toMatchObject([
    { status: "409", detail: expect.stringContaining("EU model") },
  ]);
  expect((await call("PATCH", `/api/v1/filters/${id}`, { namespace: "" })).status).toBe(200);
});

test("a test runs the script: output, console, time, and what went wrong with its line", async () => {
  const run = async (script: string, input: object = {}) => (await studio.call("POST", "/api/v1/filters/test", { script, input })).json;
  expect(
    await run(
      'console.log(input.messages[0].role, input.context.app_id);\nconst output = { block: false, payload: tyk.redact_pattern(input.raw_input, "\\\\d+", "#"), message: "" }',
      {
        raw_input: "pin 1234",
        messages: [{ role: "human", text: "hi" }],
        context: { app_id: 3 },
      },
    ),
  ).toEqual({
    success: true,
    output: { block: false, payload: "pin #", message: "" },
    console: ["user 3"],
    duration_ms: expect.any(Number),
  });
  expect(await run("\nnope()")).toMatchObject({
    success: false,
    error_kind: "runtime",
    error_line: 2,
    error: expect.stringContaining("nope"),
  });
  expect(await run(tengo)).toMatchObject({ success: false, error_kind: "syntax", error: expect.stringContaining("Tengo") });
  expect(await run("const x = tyk.llm(424242, {}, 'hi')")).toMatchObject({
    success: false,
    error: expect.stringContaining("LLM not found"),
  });
  expect(await run("tyk.makeHTTPRequest('GET', 'http://127.0.0.1:1/')")).toMatchObject({
    success: false,
    error: expect.stringContaining("PORTICO_OUTBOUND_ALLOW"),
  });
  expect((await studio.call("POST", "/api/v1/filters/test", { script: "x", input: { messages: 3 } })).status).toBe(422);
  expect((await studio.call("POST", "/api/v1/filters/test", {})).errors).toMatchObject([{ field: "script" }]);
});

test("studio answers others while a script loops, which ends after five seconds", async () => {
  const loop = studio.call("POST", "/api/v1/filters/test", { script: "for (;;) {}" });
  const startedAt = performance.now();
  expect((await studio.call("GET", "/api/v1/filters")).status).toBe(200);
  expect(performance.now() - startedAt).toBeLessThan(3_000);
  expect((await loop).json).toMatchObject({ success: false, error: "Script execution timed out after 5 seconds", error_kind: "timeout" });
});

test("a plugin reads filters with filters.read, writes plain scripts with filters.write, and nothing that could not run", async () => {
  const as = (pluginId: number, rpc: string, request: object) => callAs(studio.runtime.serviceApi, pluginId, rpc, request);
  const reader = await aGrantedPlugin(studio, ["filters.read"]);
  const writer = await aGrantedPlugin(studio, ["filters.read", "filters.write"]);
  expect(await as(reader.id, "createFilter", { name: "no", script: "return {}" })).toHaveProperty("code");
  const made = await as(writer.id, "createFilter", { name: "by plugin", script: "return {}", responseFilter: true });
  const { id } = (made.response as { filter: { id: number } }).filter;
  expect(await as(writer.id, "createFilter", { name: "tengo", script: tengo })).toMatchObject({
    details: expect.stringContaining("Tengo"),
  });
  expect(await as(reader.id, "getFilter", { filterId: id })).toMatchObject({
    response: { filter: { script: "return {}", responseFilter: true, isActive: true } },
  });
  expect(await as(writer.id, "updateFilter", { filterId: id, name: "renamed", responseFilter: false })).toMatchObject({
    response: { filter: { name: "renamed", script: "return {}" } },
  });
  expect(await as(writer.id, "deleteFilter", { filterId: id })).toMatchObject({ response: { success: true } });
});
