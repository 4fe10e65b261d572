import { readFile, stat, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { hashToken } from "@portico/core/tokens";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { aStudio, type Studio } from "../../../server/testing.ts";
import { type DemoFile, demoFile } from "./file.ts";
import { seedDemo } from "./seed.ts";

// Plugins are real processes.
vi.setConfig({ testTimeout: 120_000 });

const vendorUrl = "http://127.0.0.1:8081";
/** What a start does. @returns the sentences that it says. */
async function start(at: Studio, vendor = vendorUrl): Promise<string[]> {
  const said: string[] = [];
  await seedDemo({
    rest: (method, path, body) => at.call(method, path, body),
    file: demoFile(at.dataDir),
    vendorUrl: vendor,
    gatewayUrl: "http://127.0.0.1:8080",
    report: (sentence) => said.push(sentence),
  });
  return said;
}

let studio: Studio;
beforeAll(async () => {
  studio = await aStudio();
  await start(studio);
}, 120_000);
afterAll(() => studio.close());

const read = async () => JSON.parse(await readFile(demoFile(studio.dataDir), "utf8")) as DemoFile;
const counts = async () => {
  const { prisma } = studio.db;
  return Promise.all([
    prisma.llm.count(),
    prisma.app.count(),
    prisma.plugin.count(),
    prisma.user.count(),
    prisma.group.count(),
    prisma.llmPlugin.count(),
  ]);
};

test("an empty installation gets LLMs, an app, the first-party plugins attached and approved, and a portal user", async () => {
  const { call, db } = studio;
  const file = await read();
  expect((await stat(demoFile(studio.dataDir))).mode & 0o777).toBe(0o600);
  const llms = (await call("GET", "/api/v1/llms")).list;
  expect(llms.map(({ attributes }) => [attributes.name, attributes.api_endpoint, attributes.active])).toEqual([
    ["Demo OpenAI", `${vendorUrl}/v1`, true],
    ["Demo Anthropic", vendorUrl, true],
  ]);
  const app = (await call("GET", `/api/v1/apps/${file.app_id}`)).data.attributes;
  expect(app).toMatchObject({
    name: "Demo app",
    credential_active: true,
    llm_ids: llms.map(({ id }) => Number(id)),
    owner: { email: file.portal_email },
  });
  expect(await db.prisma.credential.count({ where: { appId: file.app_id, secretHash: hashToken(file.secret), active: true } })).toBe(1);

  const plugins = await db.prisma.plugin.findMany({ orderBy: { id: "asc" } });
  expect(plugins.map((plugin) => [plugin.slug, plugin.isActive, plugin.serviceAccessAuthorized])).toEqual(
    ["llm-validator", "portal-feedback", "request-enricher", "response-modifier"].map((slug) => [slug, true, true]),
  );
  const attached = await db.prisma.llmPlugin.findMany({
    orderBy: [{ llmId: "asc" }, { orderIndex: "asc" }],
    select: { plugin: { select: { slug: true } } },
  });
  expect(attached.map(({ plugin }) => plugin.slug)).toEqual([
    "request-enricher",
    "response-modifier",
    "request-enricher",
    "response-modifier",
  ]);

  const user = (await call("GET", `/api/v1/users?q=${file.portal_email}`)).list[0]?.attributes;
  expect(user).toMatchObject({ is_admin: false, groups: [{ attributes: { name: "Default" } }, { attributes: { name: "Feedback" } }] });
  expect((await studio.aBrowser().signIn(file.portal_email, file.portal_password)).status).toBe(200);
});

test("a demo that was made elsewhere is moved to this checkout and vendor, but for what somebody changed since, and one sentence says so", async () => {
  const { call, db } = studio;
  const commands = async () => (await db.prisma.plugin.findMany({ orderBy: { id: "asc" } })).map(({ command }) => command);
  const endpoints = async () => (await db.prisma.llm.findMany({ orderBy: { id: "asc" } })).map(({ apiEndpoint }) => apiEndpoint);
  const [here, vendor] = [await commands(), await endpoints()];
  const checkout = fileURLToPath(new URL("../../..", import.meta.url));
  const [notMine, mine] = await db.prisma.plugin.findMany({ orderBy: { id: "asc" } });
  const mineNow = `file:///opt/mine/plugins/${mine?.slug}/plugin.ts`;
  // As if it had been made elsewhere.
  await db.sql.query("UPDATE plugins SET command = replace(command, $1, '/old/place/'), ui_trusted = true", [checkout]);
  const file = demoFile(studio.dataDir);
  await writeFile(file, (await readFile(file, "utf8")).replaceAll(checkout, "/old/place/"));
  await db.prisma.plugin.update({ where: { id: mine?.id ?? 0 }, data: { command: mineNow } });
  const anthropic = (await call("GET", "/api/v1/llms?q=anthropic")).data as unknown as { id: string }[];
  await call("PATCH", `/api/v1/llms/${anthropic[0]?.id}`, { api_endpoint: "http://127.0.0.1:9/mine" });

  const said = await start(studio, "http://127.0.0.1:4711");
  expect(await commands()).toEqual([here[0], mineNow, ...here.slice(2)]);
  expect(await endpoints()).toEqual(["http://127.0.0.1:4711/v1", "http://127.0.0.1:9/mine"]);
  expect((await db.prisma.plugin.findUniqueOrThrow({ where: { id: notMine?.id ?? 0 } })).uiTrusted).toBe(true);
  expect(said).toEqual([expect.stringContaining("Demo OpenAI to http://127.0.0.1:4711/v1")]);

  // And once more, back: what the demo itself has changed is still the demo's.
  expect(await start(studio)).toHaveLength(1);
  expect(await endpoints()).toEqual([vendor[0], "http://127.0.0.1:9/mine"]);
});

test("a newer program of a bundled plugin stays approved; one that somebody denied stays denied", async () => {
  const { call, db } = studio;
  const rows = async () => db.prisma.plugin.findMany({ orderBy: { id: "asc" }, include: { grants: { orderBy: { capability: "asc" } } } });
  const [, , denied, upgraded] = await rows();
  await call("POST", `/api/v1/plugins/${denied?.id}/approve-scopes`, { approved: false });
  // As if this checkout were the newer one: read with other code, and never since.
  const old = "0".repeat(64);
  await db.prisma.plugin.update({ where: { id: upgraded?.id ?? 0 }, data: { approvedCodeHash: old, codeHash: old } });
  expect(await start(studio)).toEqual([]);
  const after = await rows();
  expect(after.find(({ id }) => id === upgraded?.id)).toMatchObject({
    codeHash: upgraded?.codeHash,
    approvedCodeHash: upgraded?.codeHash,
    serviceAccessAuthorized: true,
    uiTrusted: upgraded?.uiTrusted,
    grants: upgraded?.grants.map(({ capability }) => ({ capability })),
  });
  expect(after.find(({ id }) => id === denied?.id)).toMatchObject({ serviceAccessAuthorized: false });
});

test("further starts change nothing, and what somebody deletes stays deleted", async () => {
  const before = [await counts(), await read()];
  expect(await start(studio)).toEqual([]);
  expect([await counts(), await read()]).toEqual(before);

  await studio.db.prisma.llm.deleteMany();
  await studio.db.prisma.app.deleteMany({ where: { isSystem: false } });
  await studio.db.prisma.plugin.deleteMany();
  await start(studio);
  expect((await counts()).slice(0, 3)).toEqual([0, 1, 0]);
});

test("a demo that was interrupted is finished by the next start, without doubling what is there", async () => {
  await using other = await aStudio();
  const { prisma } = other.db;
  await start(other);
  // As if it had been cut off after the app and before its secret was kept.
  const whole = JSON.parse(await readFile(demoFile(other.dataDir), "utf8")) as DemoFile;
  await writeFile(demoFile(other.dataDir), JSON.stringify({ ...whole, secret: "", app_id: 0, complete: false }));

  await start(other);
  expect([await prisma.llm.count(), await prisma.plugin.count(), await prisma.app.count(), await prisma.credential.count()]).toEqual([
    2, 4, 2, 2,
  ]);
  const file = JSON.parse(await readFile(demoFile(other.dataDir), "utf8")) as DemoFile;
  expect(file).toMatchObject({ complete: true, portal_password: whole.portal_password });
  expect(await prisma.credential.count({ where: { appId: file.app_id, secretHash: hashToken(file.secret) } })).toBe(1);
});

test("a demo of an older release is followed too: what looks as the demo wrote it counts as the demo's", async () => {
  await using other = await aStudio();
  await start(other);
  const { wrote, complete, ...old } = JSON.parse(await readFile(demoFile(other.dataDir), "utf8")) as DemoFile;
  await writeFile(demoFile(other.dataDir), JSON.stringify(old));
  await start(other, "http://127.0.0.1:4711");
  const endpoints = (await other.call("GET", "/api/v1/llms")).list.map(({ attributes }) => attributes.api_endpoint);
  expect(endpoints).toEqual(["http://127.0.0.1:4711/v1", "http://127.0.0.1:4711"]);
});

test("an installation that somebody uses gets no demo", async () => {
  await using used = await aStudio();
  await used.call("POST", "/api/v1/llms", { name: "Mine", vendor: "openai" });
  expect(await start(used)).toEqual([]);
  expect([await used.db.prisma.llm.count(), await used.db.prisma.plugin.count()]).toEqual([1, 0]);
  await expect(stat(demoFile(used.dataDir))).rejects.toThrow();
});
