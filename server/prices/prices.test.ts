import { afterAll, beforeAll, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const draft = { model_name: "tiny", vendor: "openai", cpt: 0.0000006, cpit: 0.00000015, cache_read_pt: 0.000000075 };

test("a price goes in and comes out as dollars for one token, and is kept as micro-dollars for a million", async () => {
  const { call, db } = studio;
  const created = await call("POST", "/api/v1/model-prices", draft);
  expect(created.status).toBe(201);
  expect(created.data.attributes).toMatchObject({ ...draft, cache_write_pt: 0, currency: "USD" });
  expect(await db.prisma.modelPrice.findUniqueOrThrow({ where: { id: Number(created.data.id) } })).toMatchObject({
    outputMicroUsdPerMillion: 600_000n,
    inputMicroUsdPerMillion: 150_000n,
    cacheReadMicroUsdPerMillion: 75_000n,
  });
  const changed = await call("PATCH", `/api/v1/model-prices/${created.data.id}`, { cpt: 0.000001 });
  expect(changed.data.attributes).toMatchObject({ ...draft, cpt: 0.000001 });
});

test("of two prices for one model of one vendor at once one is told 201 and the other 409", async () => {
  const answers = await Promise.all([1, 2].map(() => studio.call("POST", "/api/v1/model-prices", { ...draft, model_name: "twin" })));
  expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409]);
  expect((await studio.call("POST", "/api/v1/model-prices", { ...draft, model_name: "twin", vendor: "anthropic" })).status).toBe(201);
});

test("asking for a model's price never writes one", async () => {
  const { call, db } = studio;
  const before = await db.prisma.modelPrice.count();
  expect((await call("GET", "/api/v1/model-prices/by-name?model_name=unheard-of")).status).toBe(404);
  expect(await db.prisma.modelPrice.count()).toBe(before);
  const found = await call("GET", "/api/v1/model-prices/by-name?model_name=demo-small&vendor=anthropic");
  expect(found.data.attributes).toMatchObject({ vendor: "anthropic", cpit: 0.000001, cpt: 0.000002 });
  const anthropic = (await call("GET", "/api/v1/model-prices/by-vendor?vendor=Anthropic&page_size=100")).list;
  expect(new Set(anthropic.map(({ attributes }) => attributes.vendor))).toEqual(new Set(["anthropic"]));
});
