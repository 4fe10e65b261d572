import { status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aGrantedPlugin, callAs } from "../grpc/testing.ts";
import { aStudio, type Studio } from "../testing.ts";
import { ticketDocument } from "../tools/testing.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
});
afterAll(() => studio.close());

const anLlm = async (name: string, more: object = {}) =>
  Number((await studio.call("POST", "/api/v1/llms", { name, vendor: "openai", ...more })).data.id);
const theDefault = async () => {
  const [first] = (await studio.call("GET", "/api/v1/catalogues/search?name=Default")).list;
  if (!first) throw new Error("there is no catalogue Default");
  return first;
};

test("a catalogue is created with its LLMs and tags in one call, changed, and deleted without them", async () => {
  const { call } = studio;
  const [on, off] = [await anLlm("On"), await anLlm("Off", { active: false })];
  const tag = Number((await call("POST", "/api/v1/tags", { name: "finance" })).data.id);
  const made = await call("POST", "/api/v1/catalogues", {
    data: { type: "catalogues", attributes: { name: "Finance", llm_ids: [on, off], tags: [tag] } },
  });
  expect(made.status).toBe(201);
  expect(made.data).toMatchObject({
    type: "catalogues",
    attributes: { name: "Finance", llm_ids: [off, on], llm_names: ["On"], tags: [{ id: String(tag), attributes: { name: "finance" } }] },
  });
  const path = `/api/v1/catalogues/${made.data.id}`;
  expect((await call("GET", `${path}/llms`)).list.map(({ attributes }) => attributes.name)).toEqual(["On", "Off"]);
  expect((await call("DELETE", `${path}/llms/${off}`)).status).toBe(204);
  expect((await call("DELETE", `${path}/llms/${off}`)).status).toBe(404);
  expect((await call("POST", `${path}/llms`, { data: { type: "llms", id: String(off) } })).status).toBe(204);
  expect((await call("POST", `${path}/llms`, { id: off })).status).toBe(204);
  expect((await call("DELETE", `${path}/tags/${tag}`)).status).toBe(204);
  expect((await call("PATCH", path, { llm_ids: [on] })).data.attributes).toMatchObject({ name: "Finance", llm_ids: [on], tags: [] });
  expect((await call("GET", `/api/v1/llms/${on}/dependents`)).list).toMatchObject([{ type: "catalogues", name: "Finance" }]);
  expect((await call("DELETE", path)).status).toBe(204);
  expect((await call("GET", path)).status).toBe(404);
  expect((await call("GET", `/api/v1/llms/${on}`)).status).toBe(200);
});

test("a catalogue names what exists, and its name is its own: what is refused leaves nothing", async () => {
  const { call, db } = studio;
  await call("POST", "/api/v1/catalogues", { name: "Taken" });
  const before = await db.prisma.catalogue.count();
  for (const [field, body, status] of [
    ["llm_ids", { name: "Bad", llm_ids: [999_999] }, 422],
    ["tags", { name: "Bad", tags: [999_999] }, 422],
    ["name", { name: " " }, 422],
    ["name", { name: "Taken" }, 409],
  ] as const) {
    const answer = await call("POST", "/api/v1/catalogues", body);
    expect([answer.status, answer.errors[0]?.field]).toEqual([status, field]);
  }
  expect(await db.prisma.catalogue.count()).toBe(before);
});

test("every new LLM is in the catalogue Default, which the group Default has and which can be neither renamed nor deleted", async () => {
  const { call } = studio;
  const llm = await anLlm("Newest");
  const catalogue = await theDefault();
  expect(catalogue.attributes).toMatchObject({ is_default: true, group_count: 1, llm_ids: expect.arrayContaining([llm]) });
  const path = `/api/v1/catalogues/${catalogue.id}`;
  expect((await call("PATCH", path, { name: "Other" })).errors[0]).toMatchObject({ status: "409", field: "name" });
  expect((await call("DELETE", path)).status).toBe(409);
  const group = (await call("GET", "/api/v1/groups?q=Default")).list[0];
  expect(group?.attributes).toMatchObject({ catalogue_names: ["Default"], data_catalogue_count: 1, tool_catalogue_count: 1 });
});

test("what people may use in the portal follows from group to catalogue to active LLM, and ends when a link is cut", async () => {
  const { call } = studio;
  const [open, closed, asleep] = [await anLlm("Open"), await anLlm("Closed"), await anLlm("Asleep", { active: false })];
  const everyone = await theDefault();
  await call("PATCH", `/api/v1/catalogues/${everyone.id}`, { llm_ids: [open] });
  const catalogue = await call("POST", "/api/v1/catalogues", { name: "Secret lab", llm_ids: [closed, asleep] });
  const [ana, ben] = [await studio.aUser(), await studio.aUser()];
  const group = await call("POST", "/api/v1/groups", { name: "Lab", members: [ana.userId], catalogues: [Number(catalogue.data.id)] });
  expect(group.data.attributes.catalogues).toEqual([{ type: "catalogues", id: catalogue.data.id, attributes: { name: "Secret lab" } }]);

  const usable = async (as: typeof ana) =>
    ((await call("GET", "/common/accessible-llms", undefined, as)).json as { id: string }[]).map(({ id }) => Number(id));
  expect([await usable(ana), await usable(ben)]).toEqual([[open, closed], [open]]);
  const own = `/common/catalogues/${catalogue.data.id}/llms`;
  expect((await call("GET", own, undefined, ana)).json).toMatchObject([{ id: String(closed) }]);
  expect((await call("GET", own, undefined, ben)).status).toBe(404);
  expect((await call("GET", `/api/v1/users/${ana.userId}/catalogues`)).data).toMatchObject({
    type: "user_accessible_catalogues",
    attributes: { catalogues: [{ attributes: { name: "Default" } }, { attributes: { name: "Secret lab" } }] },
  });

  const app = (llm: number) => ({ name: "mine", description: "", data_source_ids: [], llm_ids: [llm], tool_ids: [] });
  expect((await call("POST", "/common/apps", app(closed), ana)).status).toBe(201);
  for (const [llm, as] of [
    [closed, ben],
    [asleep, ana],
    [999_999, ana],
  ] as const)
    expect((await call("POST", "/common/apps", app(llm), as)).errors[0]).toMatchObject({ status: "403", field: "llm_ids" });

  expect((await call("DELETE", `/api/v1/groups/${group.data.id}/catalogues/${catalogue.data.id}`)).status).toBe(204);
  expect(await usable(ana)).toEqual([open]);
});

test("people see an LLM that they may use without the vendor's address, the key, the budget and what plugins keep", async () => {
  const { call } = studio;
  const llm = await anLlm("Guarded", { api_endpoint: "https://vendor.example/v1", api_key: "sk-guarded", monthly_budget: 77 });
  const seen = await call("GET", "/common/accessible-llms", undefined, await studio.aUser());
  const shown = (seen.json as { id: string; attributes: object }[]).find(({ id }) => id === String(llm));
  expect(shown?.attributes).toMatchObject({ name: "Guarded", endpoint_path: "/v1", api_endpoint: "", monthly_budget: null });
  expect(seen.text).not.toMatch(/vendor\.example|sk-guarded|77/);
});

test("a group's catalogues are replaced kind by kind, and one of another kind is refused at its field", async () => {
  const { call } = studio;
  const id = Number((await call("POST", "/api/v1/catalogues", { name: "For a team" })).data.id);
  const path = `/api/v1/groups/${(await call("POST", "/api/v1/groups", { name: "A team" })).data.id}`;
  expect((await call("POST", `${path}/catalogues`, { data: { type: "catalogues", id: String(id) } })).status).toBe(204);
  expect((await call("GET", `${path}/catalogues`)).list).toMatchObject([{ id: String(id), attributes: { name: "For a team" } }]);
  expect((await call("PATCH", path, { name: "The team" })).data.attributes).toMatchObject({ catalogue_names: ["For a team"] });
  for (const field of ["data_catalogues", "tool_catalogues"])
    expect((await call("PUT", `${path}/catalogues`, { [field]: [id] })).errors[0]).toMatchObject({ status: "422", field });
  expect((await call("PUT", `${path}/catalogues`, { data: { attributes: { catalogues: [], data_catalogues: [] } } })).json).toEqual({
    status: "success",
  });
  expect((await call("GET", path)).data.attributes).toMatchObject({ catalogue_count: 0, catalogues: [] });
  expect((await call("GET", `/api/v1/catalogues/${id}/dependents`)).list).toEqual([]);
});

test("a tag's dependents are the catalogues that carry it", async () => {
  const { call } = studio;
  const tag = Number((await call("POST", "/api/v1/tags", { name: "carried" })).data.id);
  await call("POST", "/api/v1/catalogues", { name: "Carrier", tags: [tag] });
  expect((await call("GET", `/api/v1/tags/${tag}/dependents`)).list).toMatchObject([{ type: "catalogues", name: "Carrier" }]);
  expect((await call("GET", `/api/v1/catalogues?tag_id=${tag}`)).list.map(({ attributes }) => attributes.name)).toEqual(["Carrier"]);
});

test("tools are in catalogues as LLMs are: what is new is in Default, and people see without document and key what their groups have", async () => {
  const { call } = studio;
  const aTool = async (name: string) =>
    Number(
      (await call("POST", "/api/v1/tools", { name, oas_spec: ticketDocument, auth_key: "tool-secret", auth_schema_name: "apiKey" })).data
        .id,
    );
  const [open, closed] = [await aTool("Open tool"), await aTool("Closed tool")];
  const everyone = (await call("GET", "/api/v1/tool-catalogues/search?query=default")).list[0];
  const names = ({ attributes }: { attributes: Record<string, unknown> }) =>
    (attributes.tools as { attributes: { name: string } }[]).map((tool) => tool.attributes.name);
  expect(everyone && names(everyone)).toEqual(["Closed tool", "Open tool"]);
  expect((await call("DELETE", `/api/v1/tool-catalogues/${everyone?.id}/tools/${closed}`)).status).toBe(204);

  const made = await call("POST", "/api/v1/tool-catalogues", { name: "Support", short_description: "for tickets" });
  const path = `/api/v1/tool-catalogues/${made.data.id}`;
  const added = await call("POST", `${path}/tools`, { data: { type: "tools", id: String(closed) } });
  expect([added.status, names(added.data)]).toEqual([200, ["Closed tool"]]);
  expect((await call("GET", `${path}/tools`)).json).toMatchObject([{ id: String(closed), attributes: { oas_spec: "" } }]);
  expect((await call("GET", "/api/v1/tool-catalogues/search?query=TICKETS")).list.map(({ id }) => id)).toEqual([made.data.id]);
  const tag = Number((await call("POST", "/api/v1/tags", { name: "support" })).data.id);
  expect((await call("POST", `${path}/tags`, { id: tag })).data.attributes).toMatchObject({ tags: [{ id: String(tag) }] });
  expect((await call("GET", `${path}/tags`)).json).toMatchObject([{ type: "tags", attributes: { name: "support" } }]);
  expect((await call("GET", `/api/v1/tools/${closed}/dependents`)).list).toMatchObject([{ type: "tool-catalogues", name: "Support" }]);

  const [ana, ben] = [await studio.aUser(), await studio.aUser()];
  const group = Number((await call("POST", "/api/v1/groups", { name: "Support team", members: [ana.userId] })).data.id);
  expect((await call("POST", `/api/v1/groups/${group}/tool-catalogues`, { id: Number(made.data.id) })).status).toBe(204);
  const usable = async (as: typeof ana) => {
    const answer = await call("GET", "/common/accessible-tools", undefined, as);
    expect(answer.text).not.toMatch(/tool-secret|openapi|vendor\.test/);
    return (answer.json as { type: string; id: string }[]).map(({ type, id }) => [type, Number(id)]);
  };
  expect(await usable(ben)).toEqual([["tool", open]]);
  expect(await usable(ana)).toEqual([
    ["tool", open],
    ["tool", closed],
  ]);
  expect((await call("GET", `/common/tool-catalogues/${made.data.id}/tools`, undefined, ben)).status).toBe(404);
  const app = { name: "mine", description: "", data_source_ids: [], llm_ids: [], tool_ids: [closed] };
  expect((await call("POST", "/common/apps", app, ben)).errors[0]).toMatchObject({ status: "403", field: "tool_ids" });
  expect((await call("POST", "/common/apps", app, ana)).json).toMatchObject({ attributes: { tool_ids: [closed] } });
});

test("data sources are in catalogues too, found by tag, text and content, and people see those of their groups without addresses and keys", async () => {
  const { call } = studio;
  const source = {
    db_source_type: "chroma",
    db_name: "docs",
    db_conn_string: "http://store.example:8000",
    db_conn_api_key: "ds-secret",
    embed_vendor: "openai",
    embed_model: "m",
  };
  const id = Number((await call("POST", "/api/v1/datasources", { name: "Handbook", ...source })).data.id);
  const everyone = (await call("GET", `/api/v1/data-catalogues/by-datasource?datasourceId=${id}`)).list[0];
  expect(everyone?.attributes).toMatchObject({ name: "Default", datasources: [{ id: String(id), attributes: { name: "Handbook" } }] });
  const seen = await call("GET", "/common/accessible-datasources", undefined, await studio.aUser());
  expect(seen.json).toMatchObject([{ id: String(id), attributes: { name: "Handbook", db_conn_string: "" } }]);
  expect(seen.text).not.toMatch(/store\.example|ds-secret/);
  expect((await call("DELETE", `/api/v1/data-catalogues/${everyone?.id}/datasources/${id}`)).status).toBe(204);
  expect((await call("GET", "/common/accessible-datasources", undefined, await studio.aUser())).json).toEqual([]);

  const made = await call("POST", "/api/v1/data-catalogues", { name: "Policies", long_description: "what holds here" });
  const path = `/api/v1/data-catalogues/${made.data.id}`;
  const tag = Number((await call("POST", "/api/v1/tags", { name: "law" })).data.id);
  expect((await call("POST", `${path}/datasources`, { data: { type: "datasources", id: String(id) } })).status).toBe(204);
  expect((await call("POST", `${path}/tags`, { id: tag })).status).toBe(204);
  for (const query of ["by-tag?tagName=law", "search?query=HOLDS", `by-datasource?datasourceId=${id}`])
    expect((await call("GET", `/api/v1/data-catalogues/${query}`)).list.map((found) => found.id)).toEqual([made.data.id]);
  expect((await call("GET", `/api/v1/datasources/${id}/dependents`)).list).toMatchObject([{ type: "data-catalogues", name: "Policies" }]);
});

test("a plugin reads data catalogues with data-catalogues.read and changes them only with data-catalogues.write", async () => {
  const call = (pluginId: number, rpc: string, request: object) => callAs(studio.runtime.serviceApi, pluginId, rpc, request);
  const reader = await aGrantedPlugin(studio, ["data-catalogues.read"]);
  const writer = await aGrantedPlugin(studio, ["data-catalogues.read", "data-catalogues.write"]);
  expect(await call(reader.id, "createDataCatalogue", { name: "no" })).toMatchObject({ code: status.PERMISSION_DENIED });
  const made = await call(writer.id, "createDataCatalogue", { name: "Of a plugin", shortDescription: "made" });
  const { id } = (made.response as { dataCatalogue: { id: number } }).dataCatalogue;
  const request = { dataCatalogueId: id };
  expect(await call(writer.id, "updateDataCatalogue", { ...request, icon: "x" })).toMatchObject({
    response: { dataCatalogue: { name: "Of a plugin", shortDescription: "made", icon: "x" } },
  });
  expect(await call(reader.id, "getDataCatalogue", request)).toMatchObject({ response: { dataCatalogue: { id } } });
  expect(await call(writer.id, "deleteDataCatalogue", request)).toMatchObject({ response: { success: true } });
  expect(await call(reader.id, "getDataCatalogue", request)).toMatchObject({ code: status.NOT_FOUND });
});
