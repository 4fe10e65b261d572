import { vendorIds } from "@portico/protocol/vendors";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const create = (attributes: object) => studio.call("POST", "/api/v1/llm-settings", { data: { type: "llm-settings", attributes } });
const full = {
  model_name: "gpt-4o-mini",
  max_length: 0,
  max_tokens: 1000,
  metadata: { team: "x" },
  min_length: 0,
  repetition_penalty: 0,
  seed: 1,
  stop_words: ["STOP"],
  temperature: 0.7,
  top_k: 10,
  top_p: 0.9,
  system_prompt: "Be brief",
};

test("settings are kept as they were sent, a model may have several, and they are found by the beginning of its name", async () => {
  const made = await create(full);
  expect(made.status).toBe(201);
  expect(made.data).toMatchObject({ type: "llm-settings", attributes: full });
  const other = await create({ model_name: "GPT-4o-mini" });
  expect(other.data.attributes).toMatchObject({ max_tokens: 0, stop_words: [], metadata: {}, temperature: 0 });
  await create({ model_name: "claude" });
  const found = await studio.call("GET", "/api/v1/llm-settings/search?model_name=gpt-4O");
  expect(found.list.map(({ id }) => id)).toEqual([made.data.id, other.data.id]);
  const path = `/api/v1/llm-settings/${made.data.id}`;
  expect((await studio.call("PATCH", path, { temperature: 0.1 })).data.attributes).toMatchObject({ ...full, temperature: 0.1 });
  expect((await studio.call("PUT", path, { model_name: "gpt-4o-mini" })).data.attributes).toMatchObject({ temperature: 0, seed: 0 });
  expect((await studio.call("DELETE", path)).status).toBe(204);
  expect((await studio.call("GET", path)).status).toBe(404);
});

test("a value that no model takes is refused and names its field", async () => {
  for (const [field, value] of Object.entries({
    model_name: "",
    temperature: 2.1,
    top_p: -1,
    seed: 1.5,
    max_tokens: "many",
    stop_words: [""],
  })) {
    const [error] = (await create({ ...full, [field]: value })).errors;
    expect([field, error?.status, error?.field?.split(".")[0]]).toEqual([field, "422", field]);
  }
});

test("vendors of LLMs are those of the catalogue", async () => {
  const { json } = await studio.call("GET", "/api/v1/vendors/llm-drivers");
  expect(json).toEqual({ data: [...vendorIds] });
});
