import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { expect, type Rest, settled, test } from "./support.ts";

const command = `file://${fileURLToPath(new URL("./fixtures/probe-plugin.ts", import.meta.url))}`;

async function install(rest: Rest): Promise<string> {
  const made = await rest("POST", "/api/v1/plugins", { name: "Mount probe", command, is_active: true });
  expect(made.status, made.text).toBe(201);
  const path = `/api/v1/plugins/${made.data.id}`;
  await rest("POST", `${path}/approve-scopes`, { approved: true });
  await expect.poll(async () => (await rest("GET", path)).data.attributes.state).toBe("healthy");
  return path;
}

type Seen = { routes: unknown[]; retheme?: unknown; [what: string]: unknown };

/** Everything the element sees through its life on one page, wherever it is mounted. */
async function visit(page: Page, address: string, trusted: boolean): Promise<Seen> {
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(address);
  await settled(page);
  await expect(page.locator("iframe")).toHaveCount(trusted ? 0 : 1);
  const place = trusted ? page.locator("main") : page.locator("iframe").contentFrame().locator("body");
  const probe = place.locator("mount-probe");
  const read = async () => JSON.parse((await probe.locator("pre").textContent()) || "{}") as Partial<Seen>;
  await expect.poll(async () => (await read()).calls).toBeTruthy();
  await probe.getByRole("button").click();
  await expect(page).toHaveURL(new RegExp(`${address}/items/7$`));
  await expect.poll(async () => (await read()).routes).toHaveLength(1);
  await page.goBack();
  await expect.poll(async () => (await read()).routes).toHaveLength(2);
  await probe.getByRole("link").click();
  await expect(page).toHaveURL(new RegExp(`${address}/items/8$`));
  await expect.poll(async () => (await read()).routes).toHaveLength(3);
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(async () => (await read()).retheme).toEqual({ scheme: "dark", same: true, recoloured: true });
  const lived = (await read()) as Seen;

  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(`${address}/items/9`);
  await expect.poll(async () => (await read()).calls).toBeTruthy();
  return { ...lived, deepLink: (await read()).context };
}

test("an element cannot tell a trusted mount from a sandboxed one: the same API, props, theme, routes and errors from its first moment", async ({
  page,
  rest,
  faults,
}) => {
  const path = await install(rest);
  try {
    const pages = ["/admin/probe", "/portal/plugins/probe"];
    const sandboxed: Seen[] = [];
    for (const address of pages) sandboxed.push(await visit(page, address, false));
    expect((await rest("PATCH", path, { ui_trusted: true })).status).toBe(200);
    const trusted: Seen[] = [];
    for (const address of pages) trusted.push(await visit(page, address, true));

    expect(trusted).toEqual(sandboxed);
    const [admin, portal] = sandboxed as [Seen, Seen];
    expect(admin).toMatchObject({
      names: ["pluginAPI"],
      isConnected: true,
      members: { call: "function" },
      attributes: { "data-api-base": "/api", "data-limits": '{"rows":3}', "data-open": "true", "data-sub-path": "" },
      calls: [
        { value: { heard: { a: [1, "two", null] } } },
        { value: { heard: {} } },
        { isError: true, message: expect.stringContaining("no such luck") },
        { isError: true, code: "forbidden" },
      ],
      deepLink: { area: "admin", subPath: "items/9" },
    });
    expect(portal).toMatchObject({ names: ["portalPluginAPI"], deepLink: { area: "portal", subPath: "items/9" } });
    expect(Object.keys(admin.tokens as object).length).toBeGreaterThan(10);
  } finally {
    await rest("DELETE", path);
  }
  // Each visit's two refused calls are lines of the browser, two visits to a page, two pages, two mounts.
  const own = faults.splice(0);
  expect(own.filter((fault) => !/Failed to load resource: .* status of (403|5\d\d)/.test(fault))).toEqual([]);
});

test("a sandboxed page is written in the product's font, and its policy lets that in without a complaint", async ({ page }) => {
  await page.goto("/admin/feedback");
  await settled(page);
  const loaded = () =>
    page
      .locator("iframe")
      .contentFrame()
      .locator("body")
      .evaluate(() => [...document.fonts].filter((font) => font.status === "loaded").map((font) => `${font.family} ${font.weight}`));
  await expect.poll(async () => (await loaded()).map((font) => font.replaceAll('"', ""))).toContain("IBM Plex Sans 400");
});
