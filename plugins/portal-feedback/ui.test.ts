import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, chromium, type Page } from "@playwright/test";
import { testPlugin } from "@portico/plugin-sdk/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import plugin from "./plugin.ts";

const folder = import.meta.dirname;
const member = { id: 7, name: "Ada", email: "ada@example.com", groups: ["Feedback"] };
const outsider = { ...member, groups: ["Default"] };
let browser: Browser;

beforeAll(async () => {
  execFileSync(process.execPath, [join(folder, "../build-ui.mjs"), folder]);
  const executablePath = process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-background-networking", "--no-first-run"] });
}, 60_000);
afterAll(() => browser?.close());

type Api = "pluginAPI" | "portalPluginAPI";
type Call = (method: string, args: Record<string, unknown>) => Promise<unknown>;

/** Mounts an element as a host page does: the script as a classic one, then the element with its API. */
async function mount(tag: string, api: Api, call: Call, colorScheme: "light" | "dark" = "light"): Promise<Page> {
  const context = await browser.newContext({ colorScheme });
  const page = await context.newPage();
  page.setDefaultTimeout(5_000);
  await page.setContent(`<!doctype html><html lang="en"><head><title>Test</title><style>
    html{color-scheme:light dark;background:light-dark(#faf8f4,#141412)}</style></head><body><main></main></body></html>`);
  await page.exposeFunction("callPlugin", async (method: string, args: Record<string, unknown>) => {
    // Errors lose their message on the way through the test's bridge, so they travel as values.
    return call(method, args).then(
      (data) => ({ data }),
      (error: Error) => ({ error: error.message }),
    );
  });
  // Hosts may run a script twice; the second run must do no harm.
  for (const _ of [1, 2]) await page.addScriptTag({ content: readFileSync(join(folder, `ui/dist/${tag}.js`), "utf8") });
  await page.evaluate(
    ([name, property]) => {
      type Answer = { data: unknown } | { error: string };
      const { callPlugin } = window as unknown as { callPlugin: (method: string, args: unknown) => Promise<Answer> };
      const element = document.createElement(name as string);
      document.querySelector("main")?.append(element);
      const given = {
        async call(method: string, args: unknown) {
          const answer = await callPlugin(method, args);
          if ("error" in answer) throw new Error(answer.error);
          return answer.data;
        },
      };
      // After the element is connected, as older hosts do.
      setTimeout(() => Object.assign(element, { [property as string]: given }), 20);
    },
    [tag, api],
  );
  return page;
}

const faults = async (page: Page) =>
  (await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]).analyze()).violations;

test("a portal user writes feedback by keyboard, sees it listed, and the admin reads and deletes it", async () => {
  const running = await testPlugin(plugin);
  const portal = await mount("feedback-portal-form", "portalPluginAPI", (method, args) => running.portalRpc(method, args, member));
  await portal.getByText("Nothing sent yet").waitFor();
  expect(await faults(portal)).toEqual([]);

  await portal.getByRole("button", { name: "Send feedback" }).click();
  for (const fault of ["Give it a title.", "Choose one to five stars.", "Write what you want to say."])
    await portal.getByRole("alert").getByText(fault).waitFor();
  expect(await faults(portal)).toEqual([]);

  await portal.getByRole("textbox", { name: "Title" }).fill("<b>Bold</b>");
  await portal.keyboard.press("Tab");
  await portal.getByRole("radiogroup", { name: "Rating" }).getByRole("radio", { name: "4 of 5" }).press("Space");
  await portal.getByRole("textbox", { name: "Message" }).fill("Dark mode, please");
  expect(await faults(portal)).toEqual([]);
  await portal.getByRole("textbox", { name: "Title" }).press("Enter");
  await portal.getByText("Thank you. Your feedback has been sent.").waitFor();
  await portal.getByRole("listitem").getByText("<b>Bold</b>").waitFor();
  expect(await portal.getByRole("textbox", { name: "Title" }).inputValue()).toBe("");
  expect(await faults(portal)).toEqual([]);

  const admin = await mount("feedback-admin-view", "pluginAPI", (method, args) => running.rpc(method, args), "dark");
  await admin.getByRole("row", { name: /Ada.*<b>Bold<\/b>.*Dark mode, please/ }).waitFor();
  expect(await admin.locator("#average").innerText()).toBe("4.0");
  expect(await faults(admin)).toEqual([]);
  await admin.getByRole("button", { name: "Delete “<b>Bold</b>”" }).click();
  expect(await faults(admin)).toEqual([]);
  await admin.keyboard.press("Enter");
  await admin.getByText("No feedback yet").waitFor();
  expect(await faults(admin)).toEqual([]);
  expect(await running.rpc("list_feedback")).toEqual({ feedback: [], total: 0 });
}, 60_000);

test("a person outside the group reads why there is no form", async () => {
  const running = await testPlugin(plugin);
  const page = await mount("feedback-portal-form", "portalPluginAPI", (method, args) => running.portalRpc(method, args, outsider));
  await page.locator("p-alert").getByText("Feedback is open to the group Feedback.").waitFor();
  expect(await page.getByRole("textbox").count()).toBe(0);
  expect(await faults(page)).toEqual([]);
}, 60_000);
