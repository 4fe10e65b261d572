import { readFile } from "node:fs/promises";
import { expect, isRefusal, test } from "./support.ts";

const document = (parameter: string) =>
  [
    "openapi: 3.1.0",
    'info: {title: Parcels, version: "1"}',
    "servers: [{url: https://parcels.test}]",
    "paths:",
    "  /parcels/{code}:",
    "    get:",
    "      operationId: findParcel",
    `      parameters: [{name: code, in: ${parameter}, required: true, schema: {type: string}}]`,
    "      responses: {'200': {description: ok}}",
    "",
  ].join("\n");

test("a tool is made of a document whose faults are named by line, and its operations are chosen before it is saved", async ({ page }) => {
  await page.goto("/admin/tools/new");
  const field = page.getByLabel("OpenAPI document");
  await field.fill(document("pth"));
  await expect(
    page.getByRole("button", { name: /^Line 8 paths\.\/parcels\/\{code\}\.get\.parameters\.0\.in must be one of/ }),
  ).toBeVisible();
  await field.fill(document("path"));
  await expect(page.getByText("OpenAPI 3.1.0: Parcels 1, 1 operation.")).toBeVisible();
  await expect(page.getByLabel("Name")).toHaveValue("Parcels");
  await expect(page.getByRole("checkbox", { name: "findParcel" })).toBeChecked();
  await page.getByRole("button", { name: "Create tool" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Parcels" })).toBeVisible();
  await expect(page.getByText("1 of 1 allowed")).toBeVisible();

  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Clone" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Copy of Parcels" })).toBeVisible();
  for (const name of ["Copy of Parcels", "Parcels"]) {
    await page.goto("/admin/tools");
    await page.getByRole("link", { name, exact: true }).click();
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "Delete tool" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete tool" }).click();
    await expect(page).toHaveURL(/\/admin\/tools$/);
  }
});

test("an operation of a demo tool is tried: a form for its parameters, the request without its key, the answer and how long it took", async ({
  page,
  faults,
}) => {
  await page.goto("/admin/tools");
  await page.getByRole("link", { name: "Ticket desk", exact: true }).click();
  await page.getByRole("tab", { name: "Try it" }).click();
  await page.getByRole("combobox", { name: "status" }).click();
  await page.getByRole("option", { name: "closed" }).click();
  await page.getByRole("button", { name: "Send request" }).click();
  await expect(page.getByLabel("answer", { exact: true })).toContainText("VPN drops every hour");
  await expect(page.getByLabel("request", { exact: true })).toContainText("/tools/tickets/tickets?status=closed");
  await expect(page.getByLabel("request", { exact: true })).toContainText("x-api-key: [redacted]");

  await page.getByRole("combobox", { name: "Operation" }).click();
  await page.getByRole("option", { name: /^getTicket/ }).click();
  await page.getByRole("button", { name: "Send request" }).click();
  await expect(page.getByText("Is required", { exact: true })).toBeVisible();
  // A browser notes every answer that is a refusal.
  expect(faults.splice(0).filter((fault) => !isRefusal(fault))).toEqual([]);
  await page.getByRole("textbox", { name: "id" }).fill("1");
  await page.getByRole("button", { name: "Send request" }).click();
  await expect(page.getByLabel("answer", { exact: true })).toContainText("Printer on fire");
});

test("an operation that is denied on the tool's page can no longer be chosen to be tried, until it is allowed again", async ({ page }) => {
  await page.goto("/admin/tools");
  await page.getByRole("link", { name: "Ticket desk", exact: true }).click();
  const allow = page.getByRole("switch", { name: "Allow closeTicket" });
  await page.getByRole("tab", { name: "Operations" }).click();
  await allow.click({ force: true });
  await expect(allow).not.toBeChecked();
  await page.getByRole("tab", { name: "Try it" }).click();
  await page.getByRole("combobox", { name: "Operation" }).click();
  await expect(page.getByRole("option", { name: /^listTickets/ })).toBeVisible();
  await expect(page.getByRole("option", { name: /^closeTicket/ })).toHaveCount(0);
  await page.getByRole("tab", { name: "Operations" }).click();
  await allow.click({ force: true });
  await expect(allow).toBeChecked();
});

test("a document of a tool is uploaded, downloaded as it was, and removed", async ({ page }) => {
  await page.goto("/admin/tools");
  await page.getByRole("link", { name: "Weather", exact: true }).click();
  const chosen = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Upload document" }).click();
  await (await chosen).setFiles({ name: "guide.md", mimeType: "text/markdown", buffer: Buffer.from("# Guide\n") });
  const link = page.getByRole("link", { name: "guide.md" });
  await expect(link).toBeVisible();
  const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
  expect(await readFile(await download.path(), "utf8")).toBe("# Guide\n");
  await page.getByRole("button", { name: "Remove guide.md" }).click();
  await expect(link).toHaveCount(0);
});
