import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as wire from "@portico/protocol/plugin";
import { describe, expect, test } from "vitest";
import kitchenSink from "../fixtures/kitchen-sink.ts";
import { createAssets } from "./assets.ts";
import { configSchema, parseConfig, parseConfigJson } from "./config.ts";
import { definePlugin } from "./define.ts";
import { appendToAssistantText, appendToLastUserMessage } from "./messages.ts";
import { afterDelete, afterSave, beforeUpdate } from "./object-hooks.ts";
import { allow, modify } from "./results.ts";
import { runtimeOf } from "./serve.ts";
import { testPlugin } from "./testing.ts";

describe("settings", () => {
  const schema = configSchema({
    type: "object",
    required: ["token"],
    properties: {
      token: { type: "string" },
      big: { type: "number" },
      flag: { type: "boolean" },
      text: { type: "string" },
      either: { type: ["string", "null"] },
      nested: { type: "object", properties: { depth: { type: "integer", default: 2 } } },
    },
  });

  test("become what they were before the host made strings of them, Go's exponent numbers included", () => {
    const strings = { token: "t", big: "1e+06", flag: "false", text: "123", either: "null", nested: "{}", other: "[1]", plugin_id: "4" };
    expect(parseConfig(strings, schema)).toEqual({
      token: "t",
      big: 1_000_000,
      flag: false,
      text: "123",
      either: null,
      nested: { depth: 2 },
      other: "[1]",
    });
  });

  test("that come with a call have the same types and defaults", () => {
    expect(parseConfigJson('{"token":"t","nested":{}}', schema)).toEqual({ token: "t", nested: { depth: 2 } });
    expect(() => parseConfigJson("[1]", schema)).toThrow("not a JSON object");
  });

  test("that are wrong or missing are named", () => {
    expect(() => parseConfig({ token: "t", flag: "maybe" }, schema)).toThrow('Setting "flag" must be boolean, but it is "maybe".');
    expect(() => parseConfig({}, schema)).toThrow('Setting "token" is required.');
  });
});

describe("a definition", () => {
  const manifest = { id: "a", version: "1", name: "A", capabilities: { hooks: ["studio_ui"] } };

  test("whose handler no host would ever call is refused", () => {
    expect(() => definePlugin({ manifest, postAuth: () => ({ kind: "pass" }) })).toThrow("capabilities.hooks does not list");
  });

  test("with a broken manifest is refused, naming the place", () => {
    expect(() => definePlugin({ manifest: { ...manifest, capabilities: { hooks: ["fly"] } } })).toThrow("capabilities.hooks.0");
  });
});

test("the runtime follows PLUGIN_RUNTIME, then the gateway's own settings", () => {
  expect(runtimeOf({ PLUGIN_RUNTIME: "gateway", GATEWAY_MODE: "x" })).toBe("gateway");
  expect(runtimeOf({ GATEWAY_MODE: "edge" })).toBe("gateway");
  expect(runtimeOf({ MICROGATEWAY_MODE: "standalone" })).toBe("gateway");
  expect(runtimeOf({})).toBe("studio");
});

describe("text added to messages", () => {
  const user = (content: unknown) => ({ role: "user", content });

  test("lands in the last user message: text, parts, and neither the system's nor a tool's turn", () => {
    const chat = { model: "m", messages: [user("first"), { role: "assistant", content: "ok" }, user("last")] };
    expect(appendToLastUserMessage(chat, "more")?.messages).toEqual([user("first"), chat.messages[1], user("last\n\nmore")]);
    expect(chat.messages[2]).toEqual(user("last"));
    const image = { type: "image_url", image_url: { url: "x" } };
    expect(appendToLastUserMessage({ messages: [user([{ type: "text", text: "see" }, image])] }, "more")?.messages).toEqual([
      user([{ type: "text", text: "see\n\nmore" }, image]),
    ]);
    expect(appendToLastUserMessage({ messages: [user([image])] }, "more")?.messages).toEqual([
      user([image, { type: "text", text: "more" }]),
    ]);
    const result = user([{ type: "tool_result", tool_use_id: "1", content: "42" }]);
    expect(appendToLastUserMessage({ messages: [user("ask"), result] }, "more")?.messages).toEqual([user("ask\n\nmore"), result]);
  });

  test("leaves bodies without a user message alone", () => {
    for (const body of [{}, { messages: "no" }, { messages: [null, { role: "system", content: "x" }] }, { input: "embed" }]) {
      expect(appendToLastUserMessage(body, "more")).toBeUndefined();
    }
  });

  test("lands in every OpenAI choice and in the last Anthropic text block, never in tool calls or errors", () => {
    const openai = { choices: [{ message: { role: "assistant", content: "one" } }, { message: { content: null, tool_calls: [{}] } }] };
    expect(appendToAssistantText(openai, "!", " ")?.choices).toEqual([
      { message: { role: "assistant", content: "one !" } },
      openai.choices[1],
    ]);
    const anthropic = {
      type: "message",
      role: "assistant",
      content: [
        { type: "text", text: "hi" },
        { type: "tool_use", id: "t" },
      ],
    };
    expect(appendToAssistantText(anthropic, "!", " ")?.content).toEqual([
      { type: "text", text: "hi !" },
      { type: "tool_use", id: "t" },
    ]);
    expect(appendToAssistantText({ error: { message: "no" } }, "!")).toBeUndefined();
    expect(appendToAssistantText({ ...anthropic, content: [{ type: "tool_use" }] }, "!")).toBeUndefined();
  });
});

describe("assets", () => {
  const assets = createAssets(new URL("../fixtures/assets/", import.meta.url));

  test("are found with and without their /ui/ prefix, each with its media type", async () => {
    expect((await assets.get("/ui/app.js")).mimeType).toBe("text/javascript; charset=utf-8");
    expect((await assets.get("app.js")).content.toString()).toContain("kitchen-sink");
    expect((await assets.get("/icons/pot.svg")).mimeType).toBe("image/svg+xml");
    expect((await assets.list("/icons")).map(({ path }) => path)).toEqual(["/icons/pot.svg"]);
  });

  test("outside the folder, hidden or behind a symlink do not exist", async () => {
    for (const path of [
      "/../kitchen-sink.ts",
      "/ui/../../kitchen-sink.ts",
      "/.secret",
      "/icons\\pot.svg",
      "/app.js\0.png",
      "/",
      "/icons",
      "/nope",
    ]) {
      await expect(assets.get(path), path).rejects.toThrow("There is no asset");
    }
    const folder = mkdtempSync(join(tmpdir(), "assets-"));
    writeFileSync(join(folder, "real.js"), "1");
    symlinkSync("/etc/hostname", join(folder, "link.txt"));
    await expect(createAssets(folder).get("/link.txt")).rejects.toThrow("There is no asset");
    expect((await createAssets(folder).get("/real.js")).content.toString()).toBe("1");
  });
});

describe("hooks", async () => {
  const plugin = await testPlugin(kitchenSink, { runtime: "gateway" });

  test("change a request, and present headers need not be repeated", async () => {
    expect(await plugin.preAuth({ headers: { A: "1", "x-seen": "no" } })).toMatchObject({
      outcome: "modified",
      headers: { A: "1", "X-Seen": "yes" },
      body: "",
    });
  });

  test("block with a status, a JSON body and its content type", async () => {
    expect(await plugin.preAuth({ headers: { "X-Forbidden": "1" } })).toMatchObject({
      outcome: "block",
      status: 451,
      headers: { "Content-Type": "application/json" },
      body: '{"error":"not here"}',
    });
    expect((await plugin.postAuth({ path: "/block", context: { appId: 9 } })).json()).toEqual({ app: 9 });
  });

  test("keep a response's other headers and remove one that is set to null", async () => {
    expect((await plugin.responseHeaders({ "X-OLD": "1", Keep: "2" })).headers).toEqual({ Keep: "2", "x-added": "1" });
    const answer = await plugin.responseBody({ a: 1 }, { Keep: "2" });
    expect([answer.json(), answer.headers]).toEqual([{ a: 1, seen: true }, { Keep: "2" }]);
    expect((await plugin.responseBody("not json")).modified).toBe(false);
  });

  test("authenticate, and say why not", async () => {
    const ask = (credential: string) =>
      plugin.invoke("authenticate", { credential, authType: "bearer", request: undefined, context: undefined });
    expect(await ask("good")).toMatchObject({ authenticated: true, appId: "7", userId: "u1" });
    expect(await ask("bad")).toMatchObject({ authenticated: false, errorMessage: "unknown credential" });
  });

  test("on one moment run in one call, in order of priority, each seeing the last one's object", async () => {
    const { registrations } = await plugin.invoke("getObjectHookRegistrations", {});
    expect(registrations).toEqual([
      { objectType: "llm", hookTypes: ["before_create", "before_update"], priority: 5 },
      { objectType: "tool", hookTypes: ["before_delete"], priority: 50 },
    ]);
    expect(await plugin.objectHook("before_create", "llm", { name: "good" })).toEqual({
      allowed: true,
      reason: "",
      object: { name: "good!" },
      metadata: { early: "yes", late: "yes" },
    });
    expect(await plugin.objectHook("before_update", "llm", { name: "bad" })).toMatchObject({ allowed: false, reason: "bad name" });
    expect(await plugin.objectHook("after_create", "llm", { name: "bad" })).toMatchObject({ allowed: true, object: undefined });
  });

  test("on objects get what the object was before an update and which fields differ, and the whole object after a deletion", async () => {
    const seen: unknown[] = [];
    const plugin = await testPlugin(
      definePlugin({
        manifest: { id: "test.watcher", version: "1.0.0", name: "Watcher" },
        objectHooks: [
          beforeUpdate("llm", ({ object }) => modify({ ...object, active: false }), { priority: 1 }),
          beforeUpdate("llm", ({ object, previous, changes }) => {
            seen.push([previous?.name, object.name, changes]);
            return allow();
          }),
          afterDelete("llm", ({ object, previous, changes }) => void seen.push([object.name.toUpperCase(), previous, changes])),
          afterSave("user", ({ object, previous }) => void seen.push([object.groups.map(({ name }) => name), previous])),
        ],
      }),
    );
    await plugin.objectHook("before_update", "llm", { name: "new", active: true }, { name: "old", active: true });
    await plugin.objectHook("after_delete", "llm", { name: "gone" });
    await plugin.objectHook("after_create", "user", { groups: [{ id: 1, name: "Default" }] });
    expect(seen).toEqual([
      ["old", "new", ["active", "name"]],
      ["GONE", undefined, []],
      [["Default"], undefined],
    ]);
    // Metadata that this SDK did not write itself is no reason to fail.
    const request = {
      hookType: "before_update",
      objectType: "llm",
      objectJson: "{}",
      metadata: { previous_object_json: "{", changed_fields: "x" },
    };
    const answer = await plugin.invoke("handleObjectHook", wire.ObjectHookRequest.fromPartial(request));
    expect(answer.allowOperation).toBe(true);
  });

  test("of a portal page learn who is calling from the host, not from the arguments", async () => {
    expect(await plugin.portalRpc("whoami", { id: 99 }, { id: 3, groups: ["Feedback"] })).toEqual({ id: 3, groups: ["Feedback"] });
    const anonymous = { method: "whoami", payload: "{}", serviceBrokerId: 0, userContext: undefined };
    expect(await plugin.invoke("portalCall", anonymous)).toMatchObject({ success: false });
  });

  test("of other kinds collect, list resources and serve paths", async () => {
    expect(
      await plugin.invoke("validateResourceSelection", {
        resourceTypeSlug: "pot",
        instanceIds: [],
        appId: 1,
        context: undefined,
        serviceBrokerId: 0,
      }),
    ).toMatchObject({ valid: true });
    const list = await plugin.invoke("listResourceInstances", { resourceTypeSlug: "pot", context: undefined, serviceBrokerId: 0 });
    expect(list.instances).toMatchObject([{ id: "1", name: "Big pot", isActive: true }]);
    expect(plugin.kv.entries()).toEqual({});
    await plugin.handlers.onStreamComplete(
      {
        accumulatedResponse: Buffer.from("x"),
        requestBody: Buffer.alloc(0),
        headers: {},
        statusCode: 200,
        chunkCount: 4,
        context: undefined,
      },
      { signal: new AbortController().signal },
    );
    expect(plugin.kv.entries()).toEqual({ stream: '{"chunks":4}' });
  });
});
