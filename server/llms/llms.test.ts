import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const draft = { name: "Prod GPT", vendor: "openai", api_endpoint: "https://api.example.test/v1", api_key: "sk-very-secret-4711" };

test("an LLM's key is never shown; [redacted] keeps it and an empty text clears it", async () => {
  const { call } = studio;
  const created = await call("POST", "/api/v1/llms", draft);
  expect(created.status).toBe(201);
  expect(created.data.attributes).toMatchObject({ api_key: "[redacted]", has_api_key: true });
  const path = `/api/v1/llms/${created.data.id}`;
  expect((await call("PATCH", path, { api_key: "[redacted]" })).data.attributes).toMatchObject({ has_api_key: true });
  expect((await call("PATCH", path, { api_key: "" })).data.attributes).toMatchObject({ has_api_key: false, api_key: "" });
});

test("a PATCH changes only what it names", async () => {
  const { call } = studio;
  const created = await call("POST", "/api/v1/llms", { ...draft, name: "Patched", allowed_models: ["^gpt"], monthly_budget: 12.5 });
  const before = created.data.attributes;
  const after = (await call("PATCH", `/api/v1/llms/${created.data.id}`, { short_description: "new" })).data.attributes;
  expect(after).toEqual({ ...before, short_description: "new", updated_at: after.updated_at });
});

test("of two creates of the same name at once one is told 201 and the other 409, naming the field", async () => {
  const answers = await Promise.all([1, 2].map(() => studio.call("POST", "/api/v1/llms", { ...draft, name: "Twin" })));
  expect(answers.map((a) => a.status).sort()).toEqual([201, 409]);
  expect(answers.find((a) => a.status === 409)?.errors[0]).toMatchObject({ code: "conflict", field: "name" });
});

test("a name that makes no gateway path, or one that is taken, is refused with the rule by which paths are made", async () => {
  const { call } = studio;
  const rule = /name in lower case: a-z, 0-9 and _ are kept, accents dropped, & and @ spelt out, and everything else becomes a hyphen/;
  for (const name of ["日本語", "-- !"])
    expect((await call("POST", "/api/v1/llms", { ...draft, name })).errors).toEqual([
      expect.objectContaining({ status: "422", field: "name", detail: expect.stringMatching(rule) }),
    ]);
  expect((await call("POST", "/api/v1/llms", { ...draft, name: "Größe & 4_o@Home" })).data.attributes.slug).toBe("grosse-and-4_o-at-home");
  expect((await call("POST", "/api/v1/llms", { ...draft, name: "GRÖSSE and 4_O at home!" })).errors[0]).toMatchObject({
    status: "409",
    field: "name",
    detail: expect.stringMatching(rule),
  });
});

test("of two changes of different fields at once neither undoes the other", async () => {
  const { call } = studio;
  const path = `/api/v1/llms/${(await call("POST", "/api/v1/llms", { ...draft, name: "Busy" })).data.id}`;
  const fields = { short_description: "short", long_description: "long", default_model: "m", logo_url: "/l.png" };
  const answers = await Promise.all(Object.entries(fields).map(([field, value]) => call("PATCH", path, { [field]: value })));
  expect(answers.map((a) => a.status)).toEqual([200, 200, 200, 200]);
  expect((await call("GET", path)).data.attributes).toMatchObject(fields);
});

test("LLMs are found by the beginning of their name and by their privacy score, all of them at once", async () => {
  const { call } = studio;
  for (const [name, privacy_score] of [
    ["Score_A", 10],
    ["score_b", 20],
    ["Scorx", 30],
  ] as const)
    await call("POST", "/api/v1/llms", { name, vendor: "openai", privacy_score });
  const found = async (path: string) =>
    (await call("GET", `/api/v1/llms/${path}`)).list.map(({ attributes }) => attributes.name).filter((name) => /^scor/i.test(String(name)));
  expect(await found("search?name=SCORE_")).toEqual(["Score_A", "score_b"]);
  expect(await found("search?name=core")).toEqual([]);
  expect(await found("max-privacy-score?max_score=20")).toEqual(["Score_A", "score_b"]);
  expect(await found("min-privacy-score?min_score=20")).toEqual(["score_b", "Scorx"]);
  expect(await found("privacy-score-range?min_score=11&max_score=29")).toEqual(["score_b"]);
  for (const path of ["search", "search?name=", "max-privacy-score?max_score=x", "privacy-score-range?min_score=3&max_score=2"])
    expect([path, (await call("GET", `/api/v1/llms/${path}`)).status]).toEqual([path, 400]);
  expect((await call("DELETE", "/api/v1/llms/search")).status).toBe(405);
});
