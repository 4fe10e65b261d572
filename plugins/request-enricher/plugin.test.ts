import { join } from "node:path";
import { launchPlugin, testPlugin } from "@portico/plugin-sdk/testing";
import { describe, expect, test } from "vitest";
import plugin from "./plugin.ts";

const ask = (content: unknown) => ({
  model: "m",
  messages: [
    { role: "system", content: "s" },
    { role: "user", content },
  ],
});

describe("the request enricher", async () => {
  const enricher = await testPlugin(plugin, { runtime: "gateway", config: { additional_instruction: "Be brief." } });

  test("adds its instruction to the last user message and marks the request", async () => {
    const { headers, json } = await enricher.postAuth({ headers: { Accept: "*/*" }, body: ask("Where is Paris?") });
    expect(headers).toEqual({ Accept: "*/*", "X-Portico-Enriched": "true" });
    expect(json()).toEqual(ask("Where is Paris?\n\nBe brief."));
  });

  test("understands content made of parts, as OpenAI and Anthropic send it", async () => {
    const { json } = await enricher.postAuth({
      body: ask([
        { type: "text", text: "Look:" },
        { type: "image", source: {} },
      ]),
    });
    expect(json()).toEqual(
      ask([
        { type: "text", text: "Look:\n\nBe brief." },
        { type: "image", source: {} },
      ]),
    );
  });

  test.each([
    ["embeddings", { model: "m", input: "text" }],
    ["text that is not JSON", "plain"],
    ["no body", undefined],
  ])("only marks a request with %s", async (_, body) => {
    expect(await enricher.postAuth({ body })).toMatchObject({ outcome: "modified", body: "", headers: { "X-Portico-Enriched": "true" } });
  });
});

test("without an instruction the message stays as it is", async () => {
  const enricher = await testPlugin(plugin, { config: { additional_instruction: "" } });
  expect((await enricher.postAuth({ body: ask("hi") })).body).toBe("");
});

test("the executable does the same over the wire, with the schema's default instruction", async () => {
  const enricher = await launchPlugin(join(import.meta.dirname, "plugin.ts"), { runtime: "gateway" });
  expect((await enricher.postAuth({ body: ask("hi") })).json()).toEqual(
    ask("hi\n\nAnswer in plain language and say when you are not sure."),
  );
  expect((await enricher.stop()).tookMs).toBeLessThan(2_000);
});
