import { join } from "node:path";
import { launchPlugin, testPlugin } from "@portico/plugin-sdk/testing";
import { describe, expect, test } from "vitest";
import plugin from "./plugin.ts";

const llm = {
  id: 0,
  name: "GPT",
  vendor: "openai",
  api_endpoint: "https://api.openai.com/v1",
  api_key: "[redacted]",
  privacy_score: 50,
  short_description: "General purpose",
};
const validator = (config: Record<string, unknown> = {}) => testPlugin(plugin, { config });
const verdict = async (change: Partial<typeof llm>, config?: Record<string, unknown>) => {
  const { allowed, reason } = await (await validator(config)).objectHook("before_create", "llm", { ...llm, ...change });
  return allowed ? "allowed" : reason;
};

describe("the validator", () => {
  test("watches creates and updates of LLMs, early", async () => {
    const { registrations } = await (await validator()).invoke("getObjectHookRegistrations", {});
    expect(registrations).toEqual([{ objectType: "llm", hookTypes: ["before_create", "before_update"], priority: 10 }]);
  });

  test("notes on an accepted LLM by whom, when and by which rules it was judged, and changes nothing", async () => {
    const config = { blocked_vendors: ["acme"], min_privacy_score: 10 };
    const { object, metadata } = await (await validator(config)).objectHook("before_update", "llm", llm);
    expect(object).toBeUndefined();
    expect(metadata).toEqual({
      validated_by: "io.portico.llm-validator@1.0.0",
      validated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      validation_rules: "https,vendor,privacy,description",
    });
  });

  test.each([
    ["http://api.example.com", {}, "API endpoint must use HTTPS"],
    ["ftp://127.0.0.1", {}, "API endpoint must use HTTPS"],
    ["api.example.com", {}, "API endpoint must be a complete address that starts with https://"],
    ["http://127.0.0.1.example.com", {}, "API endpoint must use HTTPS"],
    ["http://127.0.0.1:8081", {}, "allowed"],
    ["http://localhost:8081/v1", {}, "allowed"],
    ["http://[::1]:8081", {}, "allowed"],
    ["http://127.0.0.1:8081", { allow_http_loopback: false }, "API endpoint must use HTTPS"],
    ["http://api.example.com", { require_https: false }, "allowed"],
  ])("judges the endpoint %s with %o: %s", async (api_endpoint, config, expected) => {
    expect(await verdict({ api_endpoint }, config)).toBe(expected);
  });

  test("asks for an endpoint only of vendors that have none of their own", async () => {
    expect(await verdict({ api_endpoint: "", vendor: "OpenAI" })).toBe("allowed");
    expect(await verdict({ api_endpoint: "", vendor: "anthropic" })).toBe("allowed");
    expect(await verdict({ api_endpoint: "", vendor: "ollama" })).toBe("API endpoint is required and must use HTTPS");
  });

  test("refuses blocked vendors whatever their case, low privacy scores and missing descriptions, in that order", async () => {
    const config = { blocked_vendors: ["OpenAI"], min_privacy_score: 60 };
    expect(await verdict({ short_description: "" }, config)).toBe("vendor 'openai' is blocked by policy");
    expect(await verdict({ short_description: "", vendor: "anthropic" }, config)).toBe("privacy score 50 is below minimum required 60");
    expect(await verdict({ short_description: "  " })).toBe("short description is required");
    expect(await verdict({ short_description: "" }, { require_description: false })).toBe("allowed");
  });
});

test("the executable refuses over the wire, and its settings arrive typed", async () => {
  const running = await launchPlugin(join(import.meta.dirname, "plugin.ts"), { config: { min_privacy_score: 80, blocked_vendors: [] } });
  expect(await running.objectHook("before_create", "llm", llm)).toMatchObject({
    allowed: false,
    reason: "privacy score 50 is below minimum required 80",
  });
  expect(await running.objectHook("before_create", "llm", { ...llm, privacy_score: 80 })).toMatchObject({ allowed: true });
  expect((await running.stop()).code).toBe(0);
});
