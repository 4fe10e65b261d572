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
