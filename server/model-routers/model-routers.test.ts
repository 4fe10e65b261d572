import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";

let studio: Studio;
const llmIds: number[] = [];
beforeAll(async () => {
  studio = await aStudio();
  for (const name of ["GPT", "GPT at Azure", "Claude"])
    llmIds.push(Number((await studio.call("POST", "/api/v1/llms", { name, vendor: "openai", active: name !== "Claude" })).data.id));
});
afterAll(() => studio.close());

const pool = (changes: object = {}) => ({ name: "all", model_pattern: "*", vendors: [{ llm_id: llmIds[0] }], ...changes });
const create = (fields: object) => studio.call("POST", "/api/v1/model-routers", { data: { type: "model-routers", attributes: fields } });

test("a router is created, shown with its LLMs, sent back unchanged, toggled and deleted", async () => {
  const { call } = studio;
  const vendors = [
    { llm_id: llmIds[0], weight: 0, mappings: [{ source_model: "fast", target_model: "gpt-4o-mini" }] },
    { llm_id: llmIds[1], weight: 3, active: false },
  ];
  const made = await create({ name: "Fast & cheap", pools: [pool({ selection_algorithm: "weighted", priority: 2, vendors })] });
  expect(made.status).toBe(201);
  expect(made.data.attributes).toMatchObject({
    slug: "fast-and-cheap",
    api_compat: "openai",
    active: false,
    pools: [
      {
        id: expect.any(Number),
        vendors: [
          {
            id: expect.any(Number),
            llm_id: llmIds[0],
            weight: 1,
            active: true,
            llm: { id: llmIds[0], name: "GPT", vendor: "openai", active: true },
            mappings: [{ id: 1, source_model: "fast", target_model: "gpt-4o-mini" }],
          },
          { llm_id: llmIds[1], weight: 3, active: false, mappings: [] },
        ],
      },
    ],
  });
  const path = `/api/v1/model-routers/${made.data.id}`;
  const again = await call("PUT", path, made.data.attributes);
  expect(again.status).toBe(200);
  const withoutIds = (attributes: unknown) =>
    JSON.parse(JSON.stringify(attributes, (key, value) => (key === "id" || key === "updated_at" ? undefined : value)));
  expect(withoutIds(again.data.attributes)).toEqual(withoutIds(made.data.attributes));
  expect((await call("PATCH", `${path}/toggle`, { active: true })).data.attributes).toMatchObject({
    active: true,
    pools: [{ name: "all" }],
  });
  expect((await call("GET", `/api/v1/llms/${llmIds[1]}/dependents`)).list).toMatchObject([{ type: "model-routers", name: "Fast & cheap" }]);
  expect((await call("DELETE", path)).status).toBe(204);
  expect((await call("GET", path)).status).toBe(404);
});

test("what is wrong with a router is named by its place, and nothing of it is kept", async () => {
  await create({ name: "Taken", pools: [pool()] });
  for (const [fields, field, status] of [
    [{ name: "x" }, "pools", "422"],
    [{ name: "x", pools: [] }, "pools", "422"],
    [{ name: "x", pools: [pool({ vendors: [] })] }, "pools.0.vendors", "422"],
    [{ name: "x", pools: [pool({ model_pattern: "gpt-[" })] }, "pools.0.model_pattern", "422"],
    [{ name: "x", pools: [pool({ selection_algorithm: "random" })] }, "pools.0.selection_algorithm", "422"],
    [{ name: "x", pools: [pool({ vendors: [{ llm_id: 424242 }] })] }, "pools.0.vendors.0.llm_id", "422"],
    [{ name: "x", pools: [pool({ vendors: [{ llm_id: llmIds[0], weight: -1 }] })] }, "pools.0.vendors.0.weight", "422"],
    [{ name: "x", slug: "Not a slug", pools: [pool()] }, "slug", "422"],
    [{ name: "taken", pools: [pool()] }, "slug", "409"],
  ] as const)
    expect((await create(fields)).errors, JSON.stringify(fields)).toEqual([expect.objectContaining({ status, field })]);
  expect((await studio.call("GET", "/api/v1/model-routers?q=x")).list).toEqual([]);
});

test("a dry run says which LLMs a call would go to, under which model, and why it would fail", async () => {
  const dryRun = async (body: object) => (await studio.call("POST", "/api/v1/model-routers/dry-run", body)).json;
  const pools = [
    pool({ name: "rest" }),
    pool({
      name: "gpt",
      model_pattern: "gpt-*",
      priority: 5,
      selection_algorithm: "weighted",
      vendors: [
        { llm_id: llmIds[0], weight: 3 },
        { llm_id: llmIds[2], weight: 1, mappings: [{ source_model: "gpt-4o", target_model: "claude-sonnet" }] },
      ],
    }),
  ];
  expect(await dryRun({ model: "gpt-4o", pools })).toMatchObject({
    pool: { name: "gpt" },
    candidates: [
      { llm: { name: "GPT" }, share: 0.75, model: "gpt-4o", problem: null },
      { llm: { name: "Claude" }, share: 0.25, model: "claude-sonnet", problem: "This LLM is inactive" },
    ],
    error: null,
  });
  const stored = await create({
    name: "Only GPT",
    pools: [pool({ model_pattern: "gpt-*", vendors: [{ llm_id: llmIds[0], active: false }] })],
  });
  const router_id = Number(stored.data.id);
  expect(await dryRun({ model: "mistral", router_id })).toMatchObject({
    pool: null,
    candidates: [],
    error: "No pool matches model: mistral",
  });
  expect(await dryRun({ model: "gpt-4o", router_id })).toMatchObject({ candidates: [], error: "No active vendors available" });
  for (const body of [{ model: "x" }, { model: "x", router_id, pools }, { router_id }])
    expect((await studio.call("POST", "/api/v1/model-routers/dry-run", body)).status).toBe(422);
  expect((await studio.call("POST", "/api/v1/model-routers/dry-run", { model: "x", router_id: 424242 })).status).toBe(404);
});
