import { chmod, cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createRuntime } from "../../runtime.ts";
import { aStudio, type Caller, type Studio } from "../../testing.ts";
import { aPlugin, commands, dataOf, until } from "../test/harness.ts";

// Plugins are real processes, several of which start and stop in a test.
vi.setConfig({ testTimeout: 60_000 });

let studio: Studio;
let feedback: Awaited<ReturnType<typeof aPlugin>>;
let insider: Caller;
let outsider: Caller;
beforeAll(async () => {
  studio = await aStudio();
  feedback = await aPlugin(studio, { name: "Feedback", command: commands.feedback });
  insider = await studio.aUser({ name: "Ida" });
  outsider = await studio.aUser({ isAdmin: true, name: "Olaf" });
  await studio.db.prisma.group.create({ data: { name: "Feedback", users: { create: { userId: insider.userId } } } });
});
afterAll(() => studio.close());

type Row = {
  route_pattern: string;
  entry_url: string;
  entry_integrity: string;
  entry_type: string;
  frame_url: string;
  unavailable: string;
  plugin: object;
};
const registry = async (as?: Caller, path = "/api/v1/plugins/ui-registry") =>
  (await studio.call("GET", path, undefined, as)).list as unknown as Row[];
const fetchAs = (path: string, headers: Record<string, string> = {}) =>
  studio.runtime.application.fetch(new Request(new URL(path, "http://studio.test"), { headers }));

test("portal pages, calls and files are for the slot's groups; being an administrator is no way around", async () => {
  const { call } = studio;
  const portalRegistry = "/common/plugins/portal-ui-registry";
  expect((await registry(insider, portalRegistry)).map((row) => row.route_pattern)).toEqual(["/portal/plugins/feedback"]);
  expect(await registry(outsider, portalRegistry)).toEqual([]);
  expect((await call("GET", "/common/plugins/portal-sidebar-menu", undefined, insider)).list).toEqual([
    expect.objectContaining({ id: `portal_plugin_${feedback.id}`, sub_items: [expect.objectContaining({ text: "Give feedback" })] }),
  ]);
  expect((await call("GET", "/common/plugins/portal-sidebar-menu", undefined, outsider)).list).toEqual([]);

  const submit = `/common/plugins/${feedback.id}/portal-rpc/submit_feedback`;
  const body = { title: "Nice", message: "Works for me", rating: 5 };
  expect((await call("POST", submit, body, outsider)).errors[0]).toMatchObject({ status: "403", code: "forbidden" });
  expect(dataOf(await call("POST", submit, body, insider))).toMatchObject({ success: true });
  expect((await call("POST", `/common/plugins/${feedback.id}/portal-rpc/unlisted`, {}, insider)).status).toBe(403);
  expect((await call("POST", `/api/v1/plugins/${feedback.id}/rpc/list_feedback`, {}, insider)).status).toBe(403);
  expect(dataOf(await feedback.rpc("list_feedback"))).toMatchObject({
    feedback: [expect.objectContaining({ title: "Nice", user_name: "Ida" })],
  });

  const file = `/common/plugins/assets/${feedback.id}/ui/feedback-portal-form.js`;
  expect((await call("GET", file, undefined, insider)).status).toBe(200);
  expect((await call("GET", file, undefined, outsider)).status).toBe(403);
});

test("an element's script has an immutable address that nobody can guess, and an integrity that its bytes have", async () => {
  const row = (await registry()).find(({ route_pattern }) => route_pattern === "/admin/feedback");
  if (!row) throw new Error("no page");
  expect(row).toMatchObject({ entry_type: expect.stringMatching(/classic|module/), plugin: { name: "Feedback" } });
  const response = await fetchAs(row.entry_url);
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "cache-control": "public, max-age=31536000, immutable",
    "content-type": "text/javascript; charset=utf-8",
    "x-content-type-options": "nosniff",
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
  });
  const digest = await crypto.subtle.digest("SHA-384", await response.arrayBuffer());
  expect(row.entry_integrity).toBe(`sha384-${Buffer.from(digest).toString("base64")}`);
  const again = await fetchAs(row.entry_url, { "if-none-match": response.headers.get("etag") ?? "" });
  expect(again.status).toBe(304);

  const [, , id, version, signature] = row.entry_url.split("/") as string[];
  const forged = `/plugin-assets/${id}/${version}/${"A".repeat(signature?.length ?? 43)}/ui/feedback-admin-view.js`;
  expect((await fetchAs(forged)).status).toBe(404);
  const base = `/plugin-assets/${id}/${version}/${signature}`;
  for (const path of ["/ui/..%2f..%2fplugin.ts", "/..%2fmanifest.json", "/ui%5c..%5cplugin.ts", "/plugin.ts", "/ui/absent.js"])
    expect((await fetchAs(`${base}${path}`)).status, path).toBe(404);
});

test("a sandboxed frame may run our bridge and this build's scripts, and reach nothing", async () => {
  const row = (await registry())[0];
  const response = await fetchAs(row?.frame_url ?? "");
  expect(response.status).toBe(200);
  const policy = response.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("sandbox allow-scripts allow-forms allow-modals;");
  expect(policy).toMatch(/script-src 'sha256-[^']+' http:\/\/studio\.test\/plugin-assets\/\d+\/[0-9a-f]{32}\/[\w-]{43}\/;/);
  expect(policy).toContain("connect-src 'none'");
  const inline = /<script>([\s\S]*)<\/script>/.exec(await response.text())?.[1] ?? "";
  const digest = Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(inline))).toString("base64");
  expect(policy).toContain(`'sha256-${digest}'`);
});

test("an address changes with the file after a reload, the old one keeps its bytes, and every replica knows the new one", async () => {
  const ui = await mkdtemp(join(tmpdir(), "probe-ui-"));
  // The plugin reads it, and need not run as the user who made it.
  await chmod(ui, 0o755);
  await cp(fileURLToPath(new URL("../test/ui", import.meta.url)), ui, { recursive: true });
  process.env.TEST_PLUGIN_UI = ui;
  const replica = await createRuntime(studio.runtime.env);
  try {
    const probe = await aPlugin(studio, { name: "Paged", command: commands.probe });
    const rows = async () => (await registry()).filter(({ route_pattern }) => route_pattern.startsWith("/admin/probe"));
    const [classic, module] = (await rows()) as [Row, Row];
    expect([classic.entry_type, module.entry_type]).toEqual(["classic", "module"]);
    await writeFile(join(ui, "probe.js"), 'customElements.define("test-probe", class extends HTMLElement { v = 2 });\n');
    await studio.call("POST", `${probe.path}/reload`);
    const [changed] = (await rows()) as [Row];
    expect(changed.entry_url).not.toBe(classic.entry_url);
    expect(await (await fetchAs(changed.entry_url)).text()).toContain("v = 2");
    expect(await (await fetchAs(classic.entry_url)).text()).not.toContain("v = 2");

    const onReplica = await until(async () => {
      const answer = await replica.application.fetch(new Request(new URL(changed.entry_url, "http://studio.test")));
      return answer.status === 200 && answer;
    });
    expect(await onReplica.text()).toContain("v = 2");
    await studio.call("DELETE", probe.path);
  } finally {
    delete process.env.TEST_PLUGIN_UI;
    await replica.close();
    await rm(ui, { recursive: true, force: true });
  }
});

test("a page whose plugin is down is still listed, with the reason instead of addresses", async () => {
  const { call } = studio;
  const probe = await aPlugin(studio, { name: "Down", command: commands.probe });
  await call("PATCH", `/api/v1/plugins/${probe.id}`, { checksum: "0".repeat(64), is_active: false });
  expect((await registry()).some(({ plugin }) => (plugin as { id: number }).id === probe.id)).toBe(false);
  await studio.db.prisma.plugin.update({ where: { id: probe.id }, data: { isActive: true } });
  await studio.runtime.plugins.start();
  const row = await until(async () => {
    const found = (await registry()).find(({ plugin }) => (plugin as { id: number }).id === probe.id);
    return found?.unavailable.includes("checksum") && found;
  });
  expect(row).toMatchObject({ entry_url: null, frame_url: null });
  await call("DELETE", probe.path);
});

test("a page belongs to the plugin that was installed first, active or not; another's is not shown and says why, until the first is deleted", async () => {
  const { call } = studio;
  const [first, second] = [
    await aPlugin(studio, { name: "First", command: commands.probe }),
    await aPlugin(studio, { name: "Second", command: commands.probe }),
  ];
  const ownersOf = async (path: string) =>
    (await registry()).filter((row) => row.route_pattern === path).map(({ plugin }) => (plugin as { id: number }).id);
  const warnings = async () => (await second.state()).warnings;
  expect(await ownersOf("/admin/probe")).toEqual([first.id]);
  expect(await warnings()).toContainEqual(
    expect.stringContaining(`Its page /admin/probe is not shown: the path belongs to the plugin First (id ${first.id})`),
  );
  expect((await first.state()).warnings).toEqual([]);
  expect(JSON.stringify((await call("GET", "/api/v1/plugins/sidebar-menu")).list)).not.toContain(`"plugin_id":${second.id},`);
  await call("PATCH", first.path, { is_active: false });
  expect(await ownersOf("/admin/probe")).toEqual([]);
  await call("DELETE", first.path);
  expect(await ownersOf("/admin/probe")).toEqual([second.id]);
  expect(await warnings()).toEqual([]);
});
