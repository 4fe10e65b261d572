import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, chromium, type Page } from "@playwright/test";
import { afterAll, beforeAll, expect, test } from "vitest";

const folder = join(import.meta.dirname, "..");
let browser: Browser;
let kit: string;

beforeAll(async () => {
  const file = execFileSync(process.execPath, [join(folder, "build.mjs")], { encoding: "utf8" }).trim();
  expect(file).toMatch(/portico-ui-\d+\.\d+\.\d+\.js$/);
  kit = readFileSync(file, "utf8");
  const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-background-networking", "--no-first-run"] });
}, 60_000);
afterAll(() => browser?.close());

/** A page with the kit at /kit.js and a module script that may import it. */
async function open(body: string, script = "", colorScheme: "light" | "dark" = "light"): Promise<Page> {
  const page = await (await browser.newContext({ colorScheme })).newPage();
  page.setDefaultTimeout(5_000);
  await page.route("http://kit.test/**", (route) =>
    route.request().url().endsWith("/kit.js")
      ? route.fulfill({ contentType: "text/javascript", body: kit })
      : route.fulfill({
          contentType: "text/html",
          body: `<!doctype html><html lang="en"><head><title>Kit</title><style>html{color-scheme:light dark;background:light-dark(#faf8f4,#141412)}</style></head>
            <body><main>${body}</main><script type="module">import * as kit from "/kit.js"; ${script}</script></body></html>`,
        }),
  );
  await page.goto("http://kit.test/");
  return page;
}

const everything = `
  <form id="form">
    <p-field label="Name" hint="As on your badge" required><p-input name="name" autocomplete="name"></p-input></p-field>
    <p-field label="Story" error="Too short: write a sentence"><p-textarea name="story"></p-textarea></p-field>
    <p-field label="Plain"><input name="plain" /></p-field>
    <p-field label="Score"><p-rating name="score"></p-rating></p-field>
    <p-button type="submit" variant="primary">Save</p-button> <p-button variant="danger">Delete</p-button> <p-button variant="quiet" disabled>Off</p-button>
  </form>
  <p-card heading="Card"><p-button slot="actions">More</p-button>Content</p-card>
  <p-alert heading="Failed">Why</p-alert><p-alert tone="good">Done</p-alert><p-spinner label="Loading rows"></p-spinner>
  <p-empty heading="No rows">They appear here.</p-empty><p-table label="Rows"></p-table><p-rating readonly value="3"></p-rating>`;
const fillTable = `document.querySelector("p-table").columns = [{ key: "a", label: "A" }, { key: "n", label: "N", align: "end" }];
  document.querySelector("p-table").rows = [{ a: "one", n: 1 }];`;

test.each(["light", "dark"] as const)(
  "every element of the kit passes WCAG 2.2 AA in %s without a theme",
  async (scheme) => {
    const page = await open(everything, fillTable, scheme);
    await page.getByRole("cell", { name: "one" }).waitFor();
    const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  },
  30_000,
);

test("controls take the names and descriptions of their fields across shadow roots, and send their values", async () => {
  const sent = `document.querySelector("#form").addEventListener("submit", (event) => {
    event.preventDefault(); document.title = JSON.stringify([...new FormData(event.target)]); });`;
  const page = await open(everything, fillTable + sent);
  const story = page.getByRole("textbox", { name: "Story" });
  await story.fill("Once");
  expect(await story.getAttribute("aria-invalid")).toBe("true");
  const describes = (control: Element) =>
    (control.getRootNode() as ShadowRoot).getElementById(control.getAttribute("aria-describedby") ?? "")?.textContent;
  expect(await story.evaluate(describes)).toBe("Too short: write a sentence");
  await page.getByRole("textbox", { name: "Plain" }).fill("p");
  await page.getByRole("radio", { name: "2 of 5" }).press("ArrowRight");
  await page.locator("p-field .label").first().click();
  await page.keyboard.type("Ada");
  await page.keyboard.press("Enter");
  await expect.poll(() => page.title()).toBe('[["name","Ada"],["story","Once"],["plain","p"],["score","3"]]');
}, 30_000);

test("the page's theme variables win over the fall-backs", async () => {
  const page = await open(`<div style="--portico-accent: rgb(1, 2, 3)"><p-button variant="primary">Go</p-button></div>`);
  const color = await page.getByRole("button", { name: "Go" }).evaluate((button) => getComputedStyle(button).backgroundColor);
  expect(color).toBe("rgb(1, 2, 3)");
}, 30_000);

test("an element calls its plugin with the API given before or after it is connected, and a late answer never replaces a newer one", async () => {
  const page = await open(
    "",
    `
    class TestRows extends kit.PorticoElement {
      static properties = { of: {} };
      constructor() { super(); this.of = "a"; this.rows = this.rpc("list", () => ({ of: this.of })); }
      render() { return kit.html\`<output>\${this.rows.render({ pending: () => "pending", complete: (v) => v, error: (e) => "error: " + e.message })}</output>\`; }
    }
    kit.define("test-rows", TestRows);
    const answers = { a: 150, b: 10 };
    const api = { call: (method, { of }) => of === "x" ? Promise.reject(new Error("no x"))
      : new Promise((resolve) => setTimeout(resolve, answers[of], method + " " + of)) };
    const early = document.createElement("test-rows"); early.pluginAPI = api; early.id = "early"; document.body.append(early);
    const late = document.createElement("test-rows"); late.id = "late"; document.body.append(late);
    setTimeout(() => { late.portalPluginAPI = api; }, 30);
    setTimeout(() => { early.of = "b"; }, 40);
  `,
  );
  await expect.poll(() => page.locator("#early output").innerText()).toBe("list b");
  await expect.poll(() => page.locator("#late output").innerText()).toBe("list a");
  expect(await page.locator("#early output").innerText()).toBe("list b");
  await page.locator("#late").evaluate((element) => Object.assign(element, { of: "x" }));
  await expect.poll(() => page.locator("#late output").innerText()).toBe("error: no x");
}, 30_000);
