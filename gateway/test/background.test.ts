import { afterEach, expect, test } from "vitest";
import { anApp, anLlm } from "./hub.ts";
import { anUpstream, sse } from "./upstreams.ts";
import { aWorld, basicSnapshot, call, endWorlds, secret, until } from "./world.ts";

afterEach(endWorlds);

const path = "/llm/call/demo/v1/responses";
const body = { model: "demo-small", input: "x".repeat(400), background: true, max_output_tokens: 1_000 };
const usage = { input_tokens: 500, output_tokens: 700, total_tokens: 1_200 };

const response = (status: string, more: object = {}) => ({
  id: "resp_1",
  object: "response",
  status,
  background: true,
  model: "demo-small",
  output: [],
  usage: status === "completed" ? usage : null,
  metadata: {},
  ...more,
});

/** A vendor whose answers are set by the test: JSON, or a stream when it is text. */
async function aVendor(monthlyBudgetMicroUsd?: number) {
  const vendor: { answer: object | string } = { answer: response("queued") };
  const url = await anUpstream((req, res) => {
    req.resume();
    const { answer } = vendor;
    const isText = typeof answer === "string";
    res.setHeader("content-type", isText ? "text/event-stream" : "application/json");
    res.end(isText ? answer : JSON.stringify(answer, null, 2));
  });
  const world = await aWorld({
    snapshot: (hub) => ({
      ...basicSnapshot(hub, url),
      llms: [anLlm(hub, url), anLlm(hub, url, { id: 2, slug: "other" })],
      apps: [anApp(secret, { monthlyBudgetMicroUsd }), anApp("another-secret", { id: 8, llmIds: [1] })],
    }),
  });
  /** Makes a call. @returns its status, once its record is there. */
  const make = async (more: object = {}) => {
    const count = world.hub.records().length;
    const { status } = await call(world.gateway, path, { body: { ...body, ...more } });
    await until(() => world.hub.records().length > count);
    return status;
  };
  /** Reads the result with this status. @returns the records there are then. */
  const read = async (answer: object | string, { gateway = world.gateway, key = secret, method = "GET", at = `${path}/resp_1` } = {}) => {
    vendor.answer = answer;
    const count = world.hub.records().length;
    expect((await call(gateway, at, { method, headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
    await until(() => world.hub.records().length > count);
    return world.hub.records();
  };
  const charged = () => world.hub.records().filter(({ promptTokens, responseTokens }) => promptTokens + responseTokens > 0);
  return { ...world, vendor, make, read, charged };
}

test("a call in the background is charged once, with what its result says, in the name of the app that made it", async () => {
  const { make, read, charged } = await aVendor();
  expect(await make()).toBe(200);
  await read(response("in_progress"));
  expect(charged()).toEqual([]);
  await read(response("completed"), { key: "another-secret" });
  await read(response("completed"));
  await read(response("completed"));
  expect(charged()).toHaveLength(1);
  expect(charged()[0]).toMatchObject({
    requestId: "background-1-resp_1",
    appId: 7,
    model: "demo-small",
    promptTokens: 500,
    responseTokens: 700,
    costMicroUsd: 500 + 2 * 700,
    usageEstimated: false,
  });
});

test("a result that is read at another gateway, or after a restart, has the same name, so that the hub counts it once", async () => {
  const one = await aVendor();
  await one.make();
  await one.gateway.close();
  const restarted = await one.restart();
  await one.read(response("completed"), { gateway: restarted, key: "another-secret" });
  expect(one.charged()).toMatchObject([{ requestId: "background-1-resp_1", appId: 7, promptTokens: 500 }]);

  const other = await aVendor();
  await other.read(response("completed"));
  expect(other.charged()).toMatchObject([{ requestId: "background-1-resp_1", appId: 7, promptTokens: 500 }]);
});

test("the result of a call that was not in the background costs nothing when it is read again", async () => {
  const { vendor, make, read, charged } = await aVendor();
  vendor.answer = response("completed", { background: false });
  await make({ background: false });
  await read(response("completed", { background: false }));
  expect(charged()).toHaveLength(1);
});

test("until its result is known a call in the background holds what was set aside for it, and afterwards what it cost", async () => {
  // A hundred prompt tokens at one micro-dollar and up to a thousand at two: 2,100.
  const { make, read, charged } = await aVendor(3_500);
  expect(await make()).toBe(200);
  expect(await make()).toBe(403);
  await read(response("completed", { usage: { ...usage, output_tokens: 10, total_tokens: 510 } }));
  expect(charged()).toMatchObject([{ costMicroUsd: 520 }]);
  expect(await make()).toBe(200);
});

test("work that failed costs nothing; work that was cancelled without a count costs what was estimated", async () => {
  const failed = await aVendor();
  await failed.make();
  await failed.read(response("failed", { error: { code: "server_error" } }));
  await failed.read(response("failed", { error: { code: "server_error" } }));
  expect(failed.charged()).toEqual([]);

  const cancelled = await aVendor();
  await cancelled.make();
  await cancelled.read(response("cancelled"), { method: "POST", at: `${path}/resp_1/cancel` });
  await cancelled.read(response("cancelled"));
  expect(cancelled.charged()).toMatchObject([{ appId: 7, promptTokens: 100, usageEstimated: true }]);
});

test("a stream of a call in the background is charged once, whether it or the result says what was used", async () => {
  const created = JSON.stringify({ type: "response.created", response: response("queued") });
  const completed = JSON.stringify({ type: "response.completed", response: response("completed") });
  const whole = await aVendor();
  whole.vendor.answer = sse(created, completed);
  await whole.make({ stream: true });
  await whole.read(response("completed"));
  await whole.read(sse(created, completed), { at: `${path}/resp_1?stream=true` });
  expect(whole.charged()).toMatchObject([{ requestId: "background-1-resp_1", promptTokens: 500 }]);

  const broken = await aVendor();
  broken.vendor.answer = sse(created);
  await broken.make({ stream: true });
  await broken.read(sse(created, completed), { at: `${path}/resp_1?stream=true` });
  expect(broken.charged()).toMatchObject([{ requestId: "background-1-resp_1", promptTokens: 500 }]);
});
