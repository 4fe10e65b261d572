import { status } from "@grpc/grpc-js";
import { LlmConfig } from "@portico/protocol/edge";
import { open } from "@portico/protocol/sealing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createBuilderStore } from "../edges/builder-store.ts";
import { aGrantedPlugin, callAs } from "../grpc/testing.ts";
import { aStudio, type Studio } from "../testing.ts";
import { ticketDocument } from "../tools/testing.ts";
import { secretUses } from "./uses.ts";
import { createVault } from "./vault.ts";

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio({ env: { PORTICO_SECRET_ENV: "VENDOR_KEY", VENDOR_KEY: "sk-from-environment", UNLISTED_KEY: "sk-unlisted" } });
});
afterAll(() => studio.close());

const create = (var_name: string, value = "sk-first", more = {}) => studio.call("POST", "/api/v1/secrets", { var_name, value, ...more });
const anLlm = (name: string, api_key: string) => studio.call("POST", "/api/v1/llms", { name, vendor: "openai", api_key });

/** The key that edges are sent for an LLM; undefined while they are sent none. */
async function keyAtEdges(id: string): Promise<string | undefined> {
  const store = createBuilderStore({ db: studio.db, vault: createVault(studio.runtime.env.secretKey) });
  const row = await studio.db.prisma.edgeResource.findFirst({ where: { type: "llm", name: id, deleted: false } });
  if (!row) return undefined;
  const { sealedApiKey } = LlmConfig.decode(row.body);
  return sealedApiKey.length === 0 ? "" : String(open(await store.dataKey(""), Buffer.from(sealedApiKey)));
}
const soon = { timeout: 15_000, interval: 30 };

test("a secret is shown as its reference, its value never, and it keeps the value unless it is sent another", async () => {
  const made = await create("SHOWN", "sk-never-shown", { description: "of the tests" });
  expect(made.status).toBe(201);
  expect(made.data).toMatchObject({
    type: "secrets",
    attributes: { var_name: "SHOWN", value: "$SECRET/SHOWN", has_value: true, use_count: 0, rotated_at: null },
  });
  const path = `/api/v1/secrets/${made.data.id}`;
  const stored = async () =>
    createVault(studio.runtime.env.secretKey).open(
      (await studio.db.prisma.secret.findUniqueOrThrow({ where: { name: "SHOWN" } })).sealed ?? "",
    );
  for (const value of ["", "$SECRET/SHOWN", "[redacted]"])
    expect((await studio.call("PATCH", path, { value })).data.attributes.rotated_at).toBeNull();
  expect((await studio.call("PUT", path, { var_name: "SHOWN" })).data.attributes.description).toBe("");
  expect(await stored()).toBe("sk-never-shown");
  expect((await studio.call("PATCH", path, { value: "sk-second" })).data.attributes.rotated_at).not.toBeNull();
  expect(await stored()).toBe("sk-second");
  const everything = await Promise.all([
    studio.call("GET", path),
    studio.call("GET", "/api/v1/secrets"),
    studio.call("GET", `/api/v1/audit-log?object_type=secret&object_id=${made.data.id}`),
  ]).then((answers) => answers.map(({ text }) => text));
  const events = await studio.db.sql.query("SELECT payload, hook FROM outbox_events");
  expect(JSON.stringify([everything, events.rows])).not.toMatch(/sk-never-shown|sk-second/);
});

test("names are unique and of one form, and a value is no reference", async () => {
  await create("TAKEN");
  expect((await create("TAKEN")).errors).toEqual([expect.objectContaining({ status: "409", field: "var_name" })]);
  for (const name of ["", "1A", "a b", "a/b", "ü"])
    expect((await create(name)).errors[0]).toMatchObject({ status: "422", field: "var_name" });
  for (const value of ["$SECRET/TAKEN", "$ENV/VENDOR_KEY", "[redacted]"])
    expect((await create("OTHER", value)).errors[0]).toMatchObject({ status: "422", field: "value" });
});

test("an LLM's key may be a secret: edges get its value, and a new one as soon as it is saved", async () => {
  const secret = await create("ROTATED", "sk-before");
  const llm = await anLlm("Rotated", "$SECRET/ROTATED");
  expect(llm.data.attributes).toMatchObject({ api_key: "[redacted]", has_api_key: true, api_key_reference: "$SECRET/ROTATED" });
  await expect.poll(() => keyAtEdges(llm.data.id), soon).toBe("sk-before");
  await studio.call("PATCH", `/api/v1/secrets/${secret.data.id}`, { value: "sk-after" });
  await expect.poll(() => keyAtEdges(llm.data.id), soon).toBe("sk-after");

  const path = `/api/v1/secrets/${secret.data.id}`;
  expect((await studio.call("GET", `${path}/dependents`)).json).toMatchObject({
    data: [{ type: "llms", id: llm.data.id, name: "Rotated", effect: "uses it as api_key" }],
    meta: { total_count: 1 },
  });
  expect((await studio.call("GET", "/api/v1/secrets?is_used=true")).list.map(({ attributes }) => attributes.var_name)).toEqual(["ROTATED"]);
  expect((await studio.call("DELETE", path)).errors[0]).toMatchObject({ status: "409", code: "in_use" });
  expect((await studio.call("PATCH", path, { var_name: "RENAMED" })).errors[0]).toMatchObject({ status: "409", field: "var_name" });
  // Saved with what was shown, the LLM keeps the reference; with a key of its own, the secret is free.
  await studio.call("PATCH", `/api/v1/llms/${llm.data.id}`, { ...llm.data.attributes, plugins: undefined, default_model: "gpt-4o" });
  await expect.poll(() => keyAtEdges(llm.data.id), soon).toBe("sk-after");
  expect((await studio.call("PATCH", `/api/v1/llms/${llm.data.id}`, { api_key: "sk-own" })).data.attributes.api_key_reference).toBe("");
  expect((await studio.call("DELETE", path)).status).toBe(204);
  await expect.poll(() => keyAtEdges(llm.data.id), soon).toBe("sk-own");
});

test("a reference to nothing is refused and names the field; one to a secret without a value keeps the LLM from edges until it has one", async () => {
  for (const api_key of ["$SECRET/ABSENT", "$ENV/UNLISTED_KEY", "$SECRET/a b", "$SECRET/A/B"])
    expect((await anLlm("Refused", api_key)).errors).toEqual([expect.objectContaining({ status: "422", field: "api_key" })]);
  const secret = await create("EMPTY", "");
  expect(secret.data.attributes).toMatchObject({ has_value: false });
  const llm = await anLlm("Waiting", "$SECRET/EMPTY");
  const problem = async () => (await studio.db.prisma.edgeResource.findFirst({ where: { type: "llm", name: llm.data.id } }))?.problem ?? "";
  await expect.poll(problem, soon).toContain("the secret EMPTY, which has no value yet");
  await studio.call("PATCH", `/api/v1/secrets/${secret.data.id}`, { value: "sk-at-last" });
  await expect.poll(() => keyAtEdges(llm.data.id), soon).toBe("sk-at-last");
});

test("a tool's key may be a secret, shown where it is used", async () => {
  const secret = await create("TOOL_KEY", "tk-secret");
  const tool = await studio.call("POST", "/api/v1/tools", { name: "Keyed", oas_spec: ticketDocument, auth_key: "$SECRET/TOOL_KEY" });
  expect(tool.data.attributes).toMatchObject({ auth_key: "[redacted]", has_auth_key: true, auth_key_reference: "$SECRET/TOOL_KEY" });
  const stored = await studio.db.prisma.tool.findUniqueOrThrow({ where: { id: Number(tool.data.id) } });
  expect(await studio.runtime.secretValues.reveal(stored.authKeySealed ?? "", "auth_key")).toBe("tk-secret");
  expect((await studio.call("GET", `/api/v1/secrets/${secret.data.id}/dependents`)).list).toEqual([
    { type: "tools", id: tool.data.id, name: "Keyed", effect: "uses it as auth_key" },
  ]);
  expect((await studio.call("PATCH", `/api/v1/tools/${tool.data.id}`, { auth_key: "$SECRET/ABSENT" })).errors[0]).toMatchObject({
    status: "422",
    field: "auth_key",
  });
});

test("every field that may hold a reference says where the secret is used, and no sealed column is forgotten", async () => {
  const { rows } = await studio.db.sql.query(
    `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
     WHERE table_schema = 'public' AND (column_name = 'sealed' OR column_name LIKE '%\\_sealed')`,
  );
  // Whole configurations, whose references are beside them, and what the installation and secrets themselves keep.
  const others = ["plugins.config_sealed", "llm_plugins.override_sealed", "secrets.sealed", "system_secrets.sealed"];
  const known = secretUses.flatMap(({ from, matches }) => {
    const [column] = /\b\w+_sealed\b/.exec(matches) ?? [];
    return column ? [`${from.split(" ")[0]}.${column}`] : [];
  });
  expect(rows.map(({ name }) => name).sort()).toEqual([...known, ...others].sort());
});

test("an environment variable may be a key when the operator names it", async () => {
  const llm = await anLlm("From the environment", "$ENV/VENDOR_KEY");
  expect(llm.data.attributes.api_key_reference).toBe("$ENV/VENDOR_KEY");
  await expect.poll(() => keyAtEdges(llm.data.id), soon).toBe("sk-from-environment");
  await expect(aStudio({ env: { PORTICO_SECRET_ENV: "PORTICO_SECRET_KEY" } })).rejects.toThrow("PORTICO_SECRET_ENV");
});

test("a plugin may write keys and never refer to a secret, which it could send to an address of its own", async () => {
  await create("COVETED", "sk-coveted");
  const plugin = await aGrantedPlugin(studio, ["llms.read", "llms.write", "llms.endpoint"]);
  const call = (rpc: string, request: object) => callAs(studio.runtime.serviceApi, plugin.id, rpc, request);
  const draft = { name: "Thief", vendor: "openai", apiEndpoint: "https://thief.test/v1", active: true };
  for (const apiKey of ["$SECRET/COVETED", "$ENV/VENDOR_KEY"])
    expect(await call("createLlm", { ...draft, apiKey })).toMatchObject({ code: status.PERMISSION_DENIED });
  const made = await call("createLlm", { ...draft, apiKey: "sk-its-own" });
  const { id: llmId } = (made.response as { llm: { id: number } }).llm;
  expect(await call("updateLlm", { llmId, apiKey: "$SECRET/COVETED" })).toMatchObject({
    code: status.PERMISSION_DENIED,
  });
});

test("a secret cannot be deleted between the moment a field refers to it and the commit", async () => {
  const secret = await create("RACED");
  const answers = await Promise.all([anLlm("Racer", "$SECRET/RACED"), studio.call("DELETE", `/api/v1/secrets/${secret.data.id}`)]);
  const [made, deleted] = answers.map(({ status }) => status);
  expect([
    [201, 409],
    [422, 204],
  ]).toContainEqual([made, deleted]);
});
