import { expect, test } from "vitest";
import { snippets, trialCalls } from "./dialects.ts";

test("a snippet calls the path that the LLM's endpoint takes", () => {
  const curl = (endpoint: string) => snippets.openai.curl({ base: "https://gw/llm/call/x", endpoint, key: "k", model: "m" });
  for (const endpoint of [
    "",
    "https://api.example",
    "https://api.example/",
    "https://api.example/openai/v1",
    "https://api.example/api/paas/v4",
  ])
    expect(curl(endpoint), endpoint).toContain("https://gw/llm/call/x/v1/chat/completions");
  expect(curl("https://x.openai.azure.example/openai/deployments/gpt?api-version=1")).toContain("https://gw/llm/call/x/chat/completions");
  expect(trialCalls.openai.path("https://x.openai.azure.example/openai/deployments/gpt")).toBe("/chat/completions");
  expect(trialCalls.anthropic.path("https://api.example/anthropic")).toBe("/v1/messages");
});

test("a trial sends the system prompt and parameters in its dialect, and none that are left empty", () => {
  const trial = {
    endpoint: "https://llm.example",
    model: "m",
    prompt: "Hi",
    stream: false,
    system: "Be brief",
    temperature: 0,
    maxTokens: 5,
  };
  expect(trialCalls.openai.body(trial)).toEqual({
    model: "m",
    messages: [
      { role: "system", content: "Be brief" },
      { role: "user", content: "Hi" },
    ],
    temperature: 0,
    max_tokens: 5,
  });
  expect(trialCalls.anthropic.body(trial)).toMatchObject({ system: "Be brief", temperature: 0, max_tokens: 5 });
  const empty = { ...trial, system: "", temperature: null, maxTokens: null };
  expect(trialCalls.openai.body(empty)).toEqual({ model: "m", messages: [{ role: "user", content: "Hi" }] });
  for (const endpoint of ["", "https://api.openai.com/v1", "https://x.openai.azure.com/openai"]) {
    const body = trialCalls.openai.body({ ...trial, endpoint });
    expect(body, endpoint).toMatchObject({ max_completion_tokens: 5 });
    expect(body, endpoint).not.toHaveProperty("max_tokens");
  }
  expect(trialCalls.anthropic.body(empty)).not.toHaveProperty("system");
});
