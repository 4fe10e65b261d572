import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { stripTypeScriptTypes } from "node:module";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { type Browser, chromium, type Page } from "@playwright/test";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { aStudio, type Studio } from "../../../testing.ts";
import { aPlugin, commands } from "../../test/harness.ts";

vi.setConfig({ testTimeout: 60_000 });

type Row = {
  route_pattern: string;
  entry_url: string;
  entry_integrity: string;
  entry_type: string;
  frame_url: string;
  component_tag: string;
};
type Told = { kind: string; value: Record<string, unknown> };

let studio: Studio;
let browser: Browser;
let page: Page;
let rows: Row[];
const server = createServer();

/** A page of ours with the dashboard's end of the bridge, as a browser gets it. */
const host = `<!doctype html><title>host</title><main></main><script type="module">
import { mountSandboxed } from "/frame-host.js";

window.told = [];
const tell = (kind) => (value, more) => void window.told.push({ kind, value: more === undefined ? value : { value, more } });
window.mount = (row, options = {}) => {
  window.frame?.destroy();
  window.told.length = 0;
  window.frame = mountSandboxed(document.querySelector("main"), {
    frameUrl: row.frame_url, entryUrl: row.entry_url, integrity: row.entry_integrity, entryType: row.entry_type,
    tag: row.component_tag, area: "admin", title: "Probe", props: { apiBase: "/x", some_list: [1] }, subPath: "start",
    theme: { scheme: "dark", variables: { "--portico-ink": "#fefefe" } }, context: { user: "Ann" }, locale: "en",
    rpc: async (method, payload) => {
      tell(method)(payload);
      if (method === "fail") throw Object.assign(new Error("no such luck"), { code: "plugin_failed" });
      return { ok: true };
    },
    onReady: () => tell("ready")({}), onFail: (message) => tell("failed")({ message }), onRoute: (subPath) => tell("route")({ subPath }),
    onNavigate: (path) => tell("navigate")({ path }), onNotify: (message, kind) => tell("notify")({ message, kind }), ...options,
  });
};
</script>`;

beforeAll(async () => {
  studio = await aStudio();
  await aPlugin(studio, { name: "Probe", command: commands.probe });
  rows = (await studio.call("GET", "/api/v1/plugins/ui-registry")).list as unknown as Row[];
  const source = await readFile(new URL("../../../../components/plugins/frame-host.ts", import.meta.url), "utf8");
  const script = stripTypeScriptTypes(source);
  const api = getRequestListener((request) => studio.runtime.application.fetch(request));
  server.on("request", (incoming, outgoing) => {
    if (incoming.url === "/host") return outgoing.writeHead(200, { "content-type": "text/html", "set-cookie": "session=secret" }).end(host);
    if (incoming.url === "/frame-host.js") return outgoing.writeHead(200, { "content-type": "text/javascript" }).end(script);
    return void api(incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
  });
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/host`);
});
afterAll(async () => {
  await browser?.close();
  server.close();
  await studio.close();
});

const mount = (row: Row | undefined, options: object = {}) =>
  page.evaluate(([one, more]) => (window as unknown as { mount(row: unknown, more: unknown): void }).mount(one, more), [
    row,
    options,
  ] as const);
const act = (script: string) => page.evaluate(script);
async function told(kind: string): Promise<Record<string, unknown>> {
  await page.waitForFunction((name) => (window as unknown as { told: Told[] }).told.some((one) => one.kind === name), kind, {
    timeout: 10_000,
  });
  return page.evaluate((name) => (window as unknown as { told: Told[] }).told.find((one) => one.kind === name)?.value ?? {}, kind);
}
const rowOf = (tag: string) => rows.find(({ component_tag }) => component_tag === tag);

test("a sandboxed element has its contract from its first moment, and nothing else: no origin, cookies, storage, network or parent", async () => {
  await mount(rowOf("test-probe"));
  const report = await told("report");
  expect(report).toMatchObject({
    origin: "null",
    cookie: "refused: SecurityError",
    storage: "refused: SecurityError",
    network: "refused: TypeError",
    parent: "refused: SecurityError",
    attributes: { apiBase: "/x", someList: "[1]", subPath: "start" },
    context: { user: "Ann", area: "admin", locale: "en", subPath: "start" },
    ink: "#fefefe",
    failure: "no such luck (plugin_failed)",
  });
  await told("ready");
  expect(await told("notify")).toEqual({ message: "all done", kind: "success" });
  const { height, sandbox } = await page.evaluate(() => {
    const frame = document.querySelector("iframe");
    return { height: frame?.clientHeight ?? 0, sandbox: frame?.getAttribute("sandbox") };
  });
  expect(height).toBeGreaterThan(199);
  expect(sandbox).toBe("allow-scripts allow-forms");
});

test("a frame may load the product's fonts, which any page may have, and nothing else of ours", async () => {
  const { headers } = await studio.runtime.application.fetch(new Request(`http://studio.test${rowOf("test-probe")?.frame_url}`));
  const [fonts] = /font-src [^;]*/.exec(headers.get("content-security-policy") ?? "") ?? [];
  expect(fonts).toMatch(/^font-src http:\/\/studio\.test\/plugin-assets\/\S+ http:\/\/studio\.test\/plugin-frame\/fonts\/ data:$/);
  expect(headers.get("access-control-allow-origin")).toBeNull();
  const font = await studio.call("GET", "/plugin-frame/fonts/ibm-plex-sans-latin-400-normal.woff2", undefined, null);
  expect([font.status, font.headers.get("content-type"), font.headers.get("access-control-allow-origin")]).toEqual([
    200,
    "font/woff2",
    "*",
  ]);
  expect((await studio.call("GET", "/plugin-frame/fonts/absent.woff2", undefined, null)).status).toBe(404);
});

test("theme and place change live, and links inside the frame are the dashboard's to follow", async () => {
  await mount(rowOf("test-probe"));
  await told("report");
  await act('frame.setTheme({ scheme: "light", variables: { "--portico-ink": "#111111" } })');
  expect(await told("themed")).toEqual({ ink: "#111111" });
  await act('frame.setSubPath("items/3")');
  expect(await told("routed")).toEqual({ subPath: "items/3", attribute: "items/3" });
  const inside = page.frameLocator("iframe");
  await inside.locator("#inside").click();
  expect(await told("route")).toEqual({ subPath: "items/7" });
  await inside.locator("#away").click();
  expect(await told("navigate")).toEqual({ path: "/admin/llms" });
});

test("a module script works as a classic one does; altered bytes and a tag nobody defines are told, and a retry starts anew", async () => {
  await mount(rowOf("test-module"));
  await told("ready");
  const row = rowOf("test-probe");
  await mount(row && { ...row, entry_integrity: `sha384-${"A".repeat(64)}` });
  expect(await told("failed")).toMatchObject({ message: expect.stringContaining("could not be loaded") });
  expect(await page.locator("iframe").count()).toBe(0);
  await mount(row && { ...row, component_tag: "nobody-here" }, { timeoutMs: 800 });
  expect(await told("failed")).toMatchObject({ message: expect.any(String) });
  await act("told.length = 0; frame.retry()");
  await told("failed");
  await act("frame.destroy()");
});
