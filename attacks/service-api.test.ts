import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aGrantedPlugin, callAs, type Outcome } from "../server/grpc/testing.ts";
import { aStudio, type Studio } from "../server/testing.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio({ pluginLimits: { callsPerMinute: 100 } });
});
afterAll(() => studio.close());

const callOf =
  (pluginId: number) =>
  (rpc: string, request: object = {}): Promise<Outcome> =>
    callAs(studio.runtime.serviceApi, pluginId, rpc, request);

async function anLlm(name: string) {
  const body = { name, vendor: "openai", api_endpoint: "https://api.openai.com/v1", api_key: "sk-VICTIM", short_description: "x" };
  const { data } = await studio.call("POST", "/api/v1/llms", body);
  const attributes = async () => (await studio.call("GET", `/api/v1/llms/${data.id}`)).data.attributes;
  return { llmId: Number(data.id), attributes };
}

test("a plugin that may write LLMs does not have a stored key sent to another address", async () => {
  const call = callOf((await aGrantedPlugin(studio, ["llms.read", "llms.write"])).id);
  const { llmId, attributes } = await anLlm("Moved");
  const denied = { code: status.PERMISSION_DENIED, details: expect.stringContaining("insufficient scope: llms.endpoint") };
  for (const change of [{ apiEndpoint: "https://evil.example/v1" }, { namespace: "elsewhere" }]) {
    expect(await call("updateLlm", { llmId, active: true, ...change })).toEqual(denied);
    expect(await call("updateLlm", { llmId, active: true, apiKey: "[redacted]", ...change })).toEqual(denied);
  }
  expect(await attributes()).toMatchObject({ api_endpoint: "https://api.openai.com/v1", namespace: "", has_api_key: true });
  // With a key of its own there is nothing to steal, and what stays where it is may be sent along.
  expect(await call("updateLlm", { llmId, active: true, apiEndpoint: "https://api.openai.com/v1" })).toMatchObject({ code: status.OK });
  expect(await call("updateLlm", { llmId, active: true, apiEndpoint: "https://own.example/v1", apiKey: "sk-own" })).toMatchObject({
    code: status.OK,
  });
  const allowed = callOf((await aGrantedPlugin(studio, ["llms.write", "llms.endpoint"])).id);
  expect(await allowed("updateLlm", { llmId, active: true, apiEndpoint: "https://api.openai.com/v1" })).toMatchObject({ code: status.OK });
});

test("a plugin does not attach itself to an LLM, which would approve its gateway hooks", async () => {
  const waiting = await aGrantedPlugin(studio, ["llms.read", "llms.write"], { hookTypes: ["post_auth"] });
  const call = callOf(waiting.id);
  const { llmId } = await anLlm("Guarded");
  expect(await call("updateLlmPlugins", { llmId, pluginIds: [waiting.id], append: true })).toEqual({
    code: status.PERMISSION_DENIED,
    details: expect.stringContaining("An administrator must attach it first"),
  });
  expect(await studio.db.prisma.llmPlugin.count({ where: { llmId } })).toBe(0);
  expect(await studio.db.prisma.pluginGrant.count({ where: { pluginId: waiting.id, capability: "post_auth" } })).toBe(0);

  const approved = await aGrantedPlugin(studio, ["post_auth"], { hookTypes: ["post_auth"] });
  const second = await aGrantedPlugin(studio, ["post_auth"], { hookTypes: ["post_auth"] });
  expect(await call("updateLlmPlugins", { llmId, pluginIds: [second.id] })).toMatchObject({ code: status.OK });
  expect(await call("updateLlmPlugins", { llmId, pluginIds: [second.id, approved.id], append: true })).toMatchObject({
    response: { success: true, pluginIds: [second.id, approved.id] },
  });
  const attached = await call("getLlmPlugins", { llmId });
  expect((attached.response?.plugins as { id: number }[] | undefined)?.map(({ id }) => id)).toEqual([second.id, approved.id]);
});

test("an app that a plugin makes lets nobody in before an administrator approves it, and its secret is not the plugin's", async () => {
  const call = callOf((await aGrantedPlugin(studio, ["apps.read", "apps.write"])).id);
  const made = await call("createApp", { name: "Back door", userId: 1 });
  expect(made.code).toBe(status.OK);
  expect(JSON.stringify(made.response)).not.toMatch(/secret|credential/i);
  const id = (made.response?.app as { id: number } | undefined)?.id;
  expect((await studio.call("GET", `/api/v1/apps/${id}`)).data.attributes).toMatchObject({ credential_active: false });
  const system = await studio.db.prisma.app.findFirstOrThrow({ where: { isSystem: true } });
  for (const rpc of ["getApp", "updateApp", "deleteApp", "patchAppMetadata"])
    expect(await call(rpc, { appId: system.id, name: "Mine", key: "a", value: "1", isActive: true }), rpc).toMatchObject({
      code: status.NOT_FOUND,
    });
});

test("a plugin that floods the service API is told to wait, and no other plugin with it", async () => {
  const [flooding, other] = await Promise.all([1, 2].map(() => aGrantedPlugin(studio, ["vendors.read"])));
  const ask = (plugin = flooding) => callOf(plugin?.id ?? 0)("getAvailableLlmDrivers");
  const outcomes = await Promise.all(Array.from({ length: 300 }, () => ask()));
  expect(outcomes.filter(({ code }) => code === status.OK).length).toBeLessThan(150);
  expect(outcomes.at(-1)).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: expect.stringContaining("try again in") });
  expect(await ask(other)).toMatchObject({ code: status.OK });
});
