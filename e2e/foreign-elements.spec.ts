import { fileURLToPath } from "node:url";
import { expect, settled, test } from "./support.ts";

const command = `file://${fileURLToPath(new URL("./fixtures/foreign-plugin.ts", import.meta.url))}`;
const address = "/admin/plugins/foreign-studio";

let path = "";
let id = "";
test.beforeAll(async ({ rest }) => {
  const made = await rest("POST", "/api/v1/plugins", { name: "Foreign studio", command, is_active: true });
  expect(made.status, made.text).toBe(201);
  id = made.data.id;
  path = `/api/v1/plugins/${id}`;
  await rest("POST", `${path}/approve-scopes`, { approved: true });
  await expect.poll(async () => (await rest("GET", path)).data.attributes.state).toBe("healthy");
});
test.afterAll(async ({ rest }) => void (await rest("DELETE", path)));

test("a page below /admin/plugins opens from the menu and by its address, with its icon, and our own page of the plugin stays ours", async ({
  page,
  rest,
}) => {
  await page.goto("/admin");
  const link = page.getByRole("link", { name: "Foreign dashboard" });
  const icon = link.locator("img");
  await expect(icon).toBeVisible();
  await expect.poll(() => icon.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  await link.click();
  await expect(page).toHaveURL(new RegExp(`${address}$`));
  const heading = page.frameLocator("iframe").getByRole("heading", { name: "Foreign dashboard" });
  await expect(heading).toBeVisible();
  await page.goto(`${address}/items/3`);
  await expect(heading).toBeVisible();
  await page.goto(`/admin/plugins/${id}`);
  await settled(page);
  await expect(page.getByRole("heading", { level: 1, name: "Foreign studio" })).toBeVisible();
  await expect(page.locator("iframe")).toHaveCount(0);
  expect((await rest("GET", path)).data.attributes.warnings).toEqual([]);
});

test("in the frame, confirm() asks and its answer counts, handlers in attributes run, and the dashboard asks in the plugin's name", async ({
  page,
}) => {
  const answers: boolean[] = [false, true];
  page.on("dialog", (dialog) => void (answers.shift() ? dialog.accept() : dialog.dismiss()));
  await page.goto(address);
  const frame = page.frameLocator("iframe");
  const said = frame.getByRole("status");
  await frame.getByRole("button", { name: "Delete policy" }).click();
  await expect.poll(() => answers).toEqual([true]);
  await expect(said).toHaveText("");
  await frame.getByRole("button", { name: "Delete policy" }).click();
  await expect(said).toHaveText("removed");
  await frame.getByRole("button", { name: "Save settings" }).click();
  await expect(said).toHaveText("saved");
  await frame.getByRole("button", { name: "Ask the host" }).click();
  const dialog = page.getByRole("dialog", { name: "Foreign studio asks" });
  await expect(dialog).toContainText("Delete all policies?");
  await dialog.getByRole("button", { name: "Delete all" }).click();
  await expect(said).toHaveText("yes");
});

test("a trusted page asks too, and says why its handlers in attributes do nothing", async ({ page, rest, faults }) => {
  expect((await rest("PATCH", path, { ui_trusted: true })).status).toBe(200);
  page.on("dialog", (dialog) => void dialog.accept());
  await page.goto(address);
  const element = page.locator("foreign-dashboard");
  await element.getByRole("button", { name: "Delete policy" }).click();
  await expect(element.getByRole("status")).toHaveText("removed");
  await element.getByRole("button", { name: "Save settings" }).click();
  await expect(page.getByText("event handlers in HTML attributes")).toBeVisible();
  await expect(element.getByRole("status")).toHaveText("removed");
  // The browser's own line about the policy.
  expect(faults.splice(0).filter((fault) => !/Content Security Policy/.test(fault))).toEqual([]);
});
