import { expect, test } from "vitest";
import type { Actor } from "../../auth/actor.ts";
import { LlmDraft } from "../../llms/contract.ts";
import { hookableLlm } from "../../llms/hookable.ts";
import type { Llm } from "../../llms/store.ts";
import { type FakePlugin, hooksOf } from "./testing.ts";

const actor: Actor = { userId: 3, name: "Ana", email: "", isAdmin: true, via: "token", requestId: "req_test", ip: "" };
const outbound = { faultOfUrl: (_purpose: string, url: URL) => (url.hostname === "localhost" ? "must not be this machine" : undefined) };
const aDraft = (more: object = {}) => LlmDraft.parse({ name: "GPT", vendor: "openai", allowed_models: [], api_key: "sk-1", ...more });
const now = new Date("2026-11-01T10:00:00.120Z");
const stored: Llm = {
  id: 4,
  name: "GPT",
  slug: "gpt",
  vendor: "openai",
  apiEndpoint: "https://llm.test/v1",
  hasApiKey: true,
  apiKeyReference: "",
  defaultModel: "",
  allowedModels: ["^gpt"],
  allowedEndpoints: ["files"],
  keyOrigins: [],
  privacyScore: 10,
  shortDescription: "",
  longDescription: "",
  logoUrl: "",
  active: true,
  monthlyBudget: 10,
  budgetStartAt: now,
  namespace: "",
  metadata: { plugin_7_seen: "yes" },
  plugins: [],
  filters: [],
  createdAt: now,
  updatedAt: now,
};

function judgeWith(...plugins: FakePlugin[]) {
  const { hooks, seen } = hooksOf(...plugins);
  return { judge: hooks.judge(hookableLlm({ outbound })), seen };
}

test("each plugin's change is told apart from what the caller sent, with the values before and after", async () => {
  const { judge } = judgeWith(
    {
      id: 1,
      name: "Namer",
      answer: ({ name, ...object }, { phase }) => (phase === "mutate" ? { object: { ...object, name: `${name}!` } } : undefined),
    },
    { id: 2, name: "Pricer", answer: (object) => ({ object: { ...object, monthly_budget: 5, name: `${object.name}?` } }) },
  );
  const accepted = await judge.create(actor, aDraft());
  expect(accepted.draft).toMatchObject({ name: "GPT!?", monthly_budget: 5, api_key: "sk-1" });
  const named = (before: string, after: string) => ({ field: "name", before, after });
  expect(accepted.changes).toEqual([
    { plugin_id: 1, plugin: "Namer", fields: ["name"], changes: [named("GPT", "GPT!")] },
    {
      plugin_id: 2,
      plugin: "Pricer",
      fields: ["monthly_budget", "name"],
      changes: [{ field: "monthly_budget", before: null, after: 5 }, named("GPT!", "GPT!?")],
    },
  ]);
  const entry = accepted.created({ ...stored, name: "GPT!?" });
  expect(entry.changes).toMatchObject({ name: "GPT!?", changed_by_plugins: accepted.changes });
  expect(JSON.stringify(entry)).not.toContain("sk-1");
});

test("the first plugin is asked again about the final object, and its rejection there counts", async () => {
  const { judge, seen } = judgeWith(
    { id: 1, name: "Judge", answer: ({ name }) => (name === "Bad" ? { reject: "bad name" } : undefined) },
    { id: 2, name: "Renamer", answer: (object) => ({ object: { ...object, name: "Bad" } }) },
  );
  await expect(judge.create(actor, aDraft())).rejects.toMatchObject({
    code: "hook_rejected",
    message: "bad name",
    meta: { plugin: "Judge" },
  });
  expect(seen.map(({ phase }) => phase)).toEqual(["mutate", "mutate", "validate"]);
  expect(new Set(seen.map(({ operationId }) => operationId)).size).toBe(1);
});

test("an LLM has one shape in every phase, and its key is in none", async () => {
  const { judge, seen } = judgeWith({});
  const accepted = await judge.create(actor, aDraft());
  const update = await judge.update(actor, stored, aDraft({ api_key: "[redacted]", active: false, allowed_models: ["^gpt"] }));
  const removal = await judge.remove(actor, stored);
  const after = [
    accepted.created(stored),
    update.updated({ ...stored, active: false }, { active: false }),
    removal.deleted({ name: "GPT" }),
  ];
  const objects = [...seen.map(({ object }) => object), ...after.map(({ hook }) => hook?.object)];
  for (const object of objects) {
    expect(Object.keys(object ?? {}).sort()).toEqual(Object.keys(objects[0] ?? {}).sort());
    expect(object).toMatchObject({ slug: "gpt", api_key: "[redacted]", has_api_key: true, logo: "", filters: [], plugins: [] });
  }
  expect(seen[1]).toMatchObject({ previous: { active: true }, object: { active: false, id: 4, metadata: stored.metadata } });
  expect(seen[1]?.changes).toContain("active");
  expect(seen[2]).toMatchObject({ previous: undefined, changes: [], object: { id: 4 } });
  expect(after[1]?.hook).toMatchObject({ operation_id: seen[1]?.operationId, previous: { active: true }, changes: ["active"] });
  expect(after[2]).toMatchObject({ object: null, hook: { object: { id: 4, name: "GPT" }, previous: null } });
  expect(JSON.stringify([seen, after])).not.toContain("sk-1");
});

test("a field that an answer leaves out is as it was, and what the studio owns is nobody's to change", async () => {
  const { judge } = judgeWith({
    answer: ({ id }) => ({ object: { id, ID: 9, slug: "other", api_key: "sk-2", metadata: {}, CreatedAt: "x" } }),
  });
  const draft = aDraft({ long_description: "kept", allowed_endpoints: ["files"], budget_start_date: now.toISOString() });
  const accepted = await judge.update(actor, stored, draft);
  expect(accepted).toMatchObject({ draft, changes: [] });
});

test("an answer that cannot be used blocks with the plugin's name, and is passed over where the plugin may fail", async () => {
  const answers: [unknown, string, RegExp][] = [
    [{ IsAdmin: true, name: "x" }, "IsAdmin", /not a field of this LLM/],
    [{ Vendor: "anthropic" }, "Vendor", /write vendor/],
    [{ privacy_score: 101 }, "privacy_score", /./],
    [{ allowed_models: ["("] }, "allowed_models.0", /./],
  ];
  for (const [object, field, message] of answers) {
    const fault = {
      status: 502,
      code: "hook_invalid",
      message: expect.stringContaining('"gatekeeper"'),
      issues: [{ field, message: expect.stringMatching(message) }],
    };
    const answer = () => ({ object });
    await expect(judgeWith({ answer }).judge.create(actor, aDraft()), field).rejects.toMatchObject(fault);
    const passed = await judgeWith({ answer, failurePolicy: "fail_open" }).judge.create(actor, aDraft());
    expect(passed, field).toMatchObject({ draft: { name: "GPT", vendor: "openai" }, changes: [] });
  }
  for (const object of ["not json", "[]", "null"])
    await expect(judgeWith({ answer: () => ({ object }) }).judge.create(actor, aDraft()), object).rejects.toMatchObject({ status: 502 });
});

test("a plugin that may fail gets no right by failing: a change that needs a scope blocks under every policy", async () => {
  const stealing = {
    answer: (object: object) => ({ object: { ...object, api_endpoint: "https://evil.test" } }),
    failurePolicy: "fail_open" as const,
  };
  await expect(judgeWith(stealing).judge.create(actor, aDraft())).rejects.toMatchObject({
    code: "hook_invalid",
    issues: [{ field: "api_endpoint", message: expect.stringContaining("llms.endpoint") }],
  });
  const entitled = judgeWith({ ...stealing, failurePolicy: "fail_closed", grants: ["llms.endpoint"] });
  expect((await entitled.judge.create(actor, aDraft())).draft.api_endpoint).toBe("https://evil.test");
  const local = { answer: (object: object) => ({ object: { ...object, api_endpoint: "http://localhost/" } }), grants: ["llms.endpoint"] };
  await expect(judgeWith(local).judge.create(actor, aDraft())).rejects.toMatchObject({
    code: "hook_invalid",
    issues: [{ field: "api_endpoint" }],
  });
});
