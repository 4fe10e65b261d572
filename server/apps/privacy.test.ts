import { expect, test } from "vitest";
import { aStudio } from "../testing.ts";

test("an app's data sources never need more privacy than its LLMs give, whichever side changes, and a refused change leaves the app as it was", async () => {
  await using studio = await aStudio();
  const { call, db } = studio;
  const made = async (path: string, body: object) => Number((await call("POST", path, body)).data.id);
  const low = await made("/api/v1/llms", { name: "Low", vendor: "openai", privacy_score: 30 });
  const high = await made("/api/v1/llms", { name: "High", vendor: "openai", privacy_score: 60 });
  const source = await made("/api/v1/datasources", {
    name: "HR",
    db_source_type: "chroma",
    db_name: "docs",
    db_conn_string: "http://store.example:8000",
    embed_vendor: "openai",
    embed_model: "m",
    privacy_score: 40,
  });
  const mismatch = { status: "422", code: "privacy_score_mismatch", field: "datasource_ids", meta: { datasource_privacy_score: 40 } };

  const before = await db.prisma.app.count();
  for (const llm_ids of [[], [low]])
    expect((await call("POST", "/api/v1/apps", { name: "crm", llm_ids, datasource_ids: [source] })).errors[0]).toMatchObject(mismatch);
  expect(await db.prisma.app.count()).toBe(before);

  const path = `/api/v1/apps/${await made("/api/v1/apps", { name: "crm", llm_ids: [low, high], datasource_ids: [source] })}`;
  expect((await call("PATCH", path, { llm_ids: [low] })).errors[0]).toMatchObject(mismatch);
  expect((await call("GET", path)).data.attributes).toMatchObject({ llm_ids: [low, high], datasource_ids: [source] });
  expect((await call("PATCH", path, { llm_ids: [low], datasource_ids: [] })).status).toBe(200);
  expect((await call("PATCH", path, { datasource_ids: [source] })).errors[0]).toMatchObject(mismatch);

  const ana = await studio.aUser();
  const own = { name: "mine", description: "", tool_ids: [], data_source_ids: [source] };
  expect((await call("POST", "/common/apps", { ...own, llm_ids: [low] }, ana)).errors[0]).toMatchObject(mismatch);
  expect((await call("POST", "/common/apps", { ...own, llm_ids: [high] }, ana)).json).toMatchObject({
    attributes: { datasource_ids: [source] },
  });
});
