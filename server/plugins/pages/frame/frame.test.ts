import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { getRequestListener } from "@hono/node-server";
import { type Browser, chromium, type Dialog, type Page } from "@playwright/test";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
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
    onNavigate: (path) => tell("navigate")({ path }), onNotify: (message, kind) => tell("notify")({ message, kind }),
    confirm: async (request) => { tell("confirm")(request); return true; }, ...options,
  });
};
</script>`;

beforeAll(async () => {
  studio = await aStudio();
  await aPlugin(studio, { name: "Probe", command: commands.probe });
  rows = (await studio.call("GET", "/api/v1/plugins/ui-registry")).list as unknown as Row[];
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../../../../components/plugins/frame-host.ts", import.meta.url))],
    bundle: true,
    format: "esm",
    write: false,
  });
  const script = outputFiles[0]?.text;
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
  expect(sandbox).toBe("allow-scripts allow-forms allow-modals");
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

/** Answers the browser's dialogs, and collects what they said. */
function answeringDialogs(): string[] {
  const said: string[] = [];
  const answer = (dialog: Dialog) => {
    said.push(`${dialog.type()} ${dialog.message()}`);
    void dialog.accept(dialog.type() === "prompt" ? "Ann" : undefined);
  };
  page.on("dialog", answer);
  onTestFinished(() => void page.off("dialog", answer));
  return said;
}

test("an element asks with confirm() and prompt() as in any page, after a click; unasked, or again and again, it does not", async () => {
  const said = answeringDialogs();
  await mount(rowOf("test-probe"));
  expect(await told("unasked")).toEqual({ answer: false });
  expect(said).toEqual([]);
  const inside = page.frameLocator("iframe");
  await inside.locator("#ask").click();
  expect(await told("asked")).toEqual({ answer: true, text: "Ann" });
  expect(said).toEqual(["confirm Delete it?", "prompt Name"]);

  await mount(rowOf("test-probe"));
  await told("unasked");
  await inside.locator("#chain").click();
  expect(await told("chained")).toEqual({ answers: [true, true, true, false, false, false] });
});

test("pluginAPI.confirm asks the dashboard, and its answer is the person's", async () => {
  await mount(rowOf("test-probe"));
  await told("unasked");
  await page.frameLocator("iframe").locator("#own").click();
  expect(await told("confirm")).toEqual({ message: "Delete all?", verb: "Delete" });
  expect(await told("owned")).toEqual({ answer: true });
});

test("an event handler written in the plugin's files runs, and one that comes with somebody's text does not", async () => {
  await mount(rowOf("test-probe"));
  await told("unasked");
  const inside = page.frameLocator("iframe");
  await inside.locator("#injected").click();
  await inside.locator("#inline").click();
  expect(await told("saved")).toEqual({ how: "inline" });
  const { headers } = await studio.runtime.application.fetch(new Request(`http://studio.test${rowOf("test-probe")?.frame_url}`));
  const policies = headers.get("content-security-policy") ?? "";
  expect(policies.match(/script-src-attr 'unsafe-hashes' 'sha256-[^;]*/g)).toHaveLength(2);
  expect(policies).not.toMatch(/script-src[a-z-]* [^;]*'unsafe-inline'/);
});

test("a frame fills the window at least, so that a dialog inside a short page is seen whole", async () => {
  await mount(rowOf("test-module"));
  await told("ready");
  const {
    height,
    bottom,
    window: visible,
  } = await page.evaluate(() => {
    const { height, bottom } = document.querySelector("iframe")?.getBoundingClientRect() ?? { height: 0, bottom: 0 };
    return { height, bottom, window: innerHeight };
  });
  expect(height).toBeGreaterThan(0.7 * visible);
  expect(bottom).toBeLessThanOrEqual(visible);
});
