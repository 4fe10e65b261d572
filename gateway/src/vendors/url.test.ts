import { expect, test } from "vitest";
import { joinPath } from "./url.ts";

test("what the client writes of the endpoint's path is not sent twice", () => {
  const places: [string, string, string][] = [
    ["", "/v1/chat/completions", "/v1/chat/completions"],
    ["/v1", "/v1/models", "/v1/models"],
    ["/v1", "/models", "/v1/models"],
    ["/openai/v1", "/v1/chat/completions", "/openai/v1/chat/completions"],
    ["/openai/v1", "/openai/v1/chat/completions", "/openai/v1/chat/completions"],
    ["/openai/v1", "/chat/completions", "/openai/v1/chat/completions"],
    ["/api/anthropic/v1", "/v1/messages", "/api/anthropic/v1/messages"],
    ["/x/compatible-mode/v1", "/compatible-mode/v1/embeddings", "/x/compatible-mode/v1/embeddings"],
    ["/openai/deployments/gpt", "/chat/completions", "/openai/deployments/gpt/chat/completions"],
    ["/openai/deployments/gpt", "/deployments/gpt/chat/completions", "/openai/deployments/gpt/chat/completions"],
  ];
  for (const [base, path, sent] of places) expect(joinPath(base, path), `${base} ${path}`).toBe(sent);
});

test("an endpoint with a version of its own takes the place of a client's /v1", () => {
  expect(joinPath("/api/paas/v4", "/v1/chat/completions")).toBe("/api/paas/v4/chat/completions");
  expect(joinPath("/v1beta/openai", "/v1/chat/completions")).toBe("/v1beta/openai/chat/completions");
  expect(joinPath("/v1", "/v2/rerank")).toBe("/v1/v2/rerank");
  expect(joinPath("/proxy", "/v1/chat/completions")).toBe("/proxy/v1/chat/completions");
});

test("segments overlap as a whole or not at all", () => {
  expect(joinPath("/openai/v1", "/v10/models")).toBe("/openai/v1/v10/models");
  expect(joinPath("/v1", "/v1beta/models")).toBe("/v1/v1beta/models");
});
