import { join } from "node:path";
import { launchPlugin, testPlugin } from "@portico/plugin-sdk/testing";
import { describe, expect, test } from "vitest";
import plugin from "./plugin.ts";

const openai = { id: "c1", choices: [{ index: 0, message: { role: "assistant", content: "Paris." }, finish_reason: "stop" }] };
const anthropic = { type: "message", role: "assistant", content: [{ type: "text", text: "Paris." }], stop_reason: "end_turn" };

describe("the response modifier", async () => {
  const modifier = await testPlugin(plugin, { runtime: "gateway", config: { rest_modifier: "[seen]" } });

  test("adds its two headers and keeps the vendor's", async () => {
    expect((await modifier.responseHeaders({ "Content-Type": "application/json" })).headers).toEqual({
      "Content-Type": "application/json",
      "X-Plugin-Modified": "true",
      "X-Modification-Type": "header_and_content",
    });
  });

  test("adds its text to what the assistant said, OpenAI and Anthropic, and changes nothing else", async () => {
    expect((await modifier.responseBody(openai)).json()).toEqual({
      ...openai,
      choices: [{ ...openai.choices[0], message: { role: "assistant", content: "Paris.\n\n[seen]" } }],
    });
    expect((await modifier.responseBody(anthropic)).json()).toEqual({
      ...anthropic,
      content: [{ type: "text", text: "Paris.\n\n[seen]" }],
    });
  });

  test.each([
    ["an error", { error: { type: "overloaded_error", message: "busy" } }],
    ["a pure tool call", { choices: [{ message: { role: "assistant", content: null, tool_calls: [{ id: "t" }] } }] }],
    ["embeddings", { object: "list", data: [{ embedding: [0.1] }] }],
    ["text that is not JSON", "<html>bad gateway</html>"],
    ["an empty body", ""],
  ])("leaves %s as it is", async (_, body) => {
    expect((await modifier.responseBody(body)).modified).toBe(false);
  });
});

test("without a text only the headers change", async () => {
  const modifier = await testPlugin(plugin, { config: { rest_modifier: " " } });
  expect((await modifier.responseBody(openai)).modified).toBe(false);
});

test("the executable does the same over the wire, and ends in time", async () => {
  const modifier = await launchPlugin(join(import.meta.dirname, "plugin.ts"), { runtime: "gateway" });
  expect((await modifier.responseHeaders({})).headers).toMatchObject({ "X-Plugin-Modified": "true" });
  expect((await modifier.responseBody(openai)).body).toContain("Paris.\\n\\n[Checked by Portico]");
  expect((await modifier.stop()).tookMs).toBeLessThan(2_000);
});
