import { expect, isRefusal, settled, test } from "./support.ts";

const mystery = "mystery-model";

test.beforeAll(async ({ rest }) => {
  const dead = await rest("POST", "/api/v1/llms", {
    name: "Nobody listens",
    vendor: "openai",
    api_endpoint: "http://127.0.0.1:1/v1",
    api_key: "sk-calls",
    short_description: "For calls that fail",
    active: true,
  });
  expect(dead.status, dead.text).toBe(201);
  const say = (llm: string, model: string) =>
    rest("POST", `/api/v1/llms/${llm}/proxy/v1/chat/completions`, { model, messages: [{ role: "user", content: "Hello" }] });
  // The gateway knows the LLM as soon as it acknowledged it.
  await expect.poll(async () => (await say(dead.data.id, "unreachable")).status, { timeout: 20_000 }).toBe(502);
  expect((await say("1", "demo-small")).status).toBe(200);
  expect((await say("1", mystery)).status).toBe(200);
  const recorded = async () => (await rest("GET", "/api/v1/analytics/calls?page_size=100")).list.map(({ attributes }) => attributes.model);
  await expect.poll(recorded, { timeout: 20_000 }).toEqual(expect.arrayContaining(["demo-small", mystery, "unreachable"]));
});
test.afterAll(async ({ rest }) => {
  const [dead] = (await rest("GET", "/api/v1/llms?q=Nobody+listens")).list;
  if (dead) await rest("DELETE", `/api/v1/llms/${dead.id}`);
});

test("a call is opened from the overview and shows everything that was recorded of it", async ({ page, rest }) => {
  await page.goto("/admin");
  // The charts above the table load after it and push it down.
  await settled(page);
  const row = page
    .getByRole("table", { name: "Recent calls" })
    .getByRole("row", { name: /demo-small/ })
    .first();
  await row.getByRole("link").first().click();
  await expect(page.getByRole("heading", { level: 1, name: "demo-small" })).toBeVisible();
  const id = decodeURIComponent(new URL(page.url()).pathname.split("/").at(-1) ?? "");
  const { attributes: call } = (await rest("GET", `/api/v1/analytics/calls/${encodeURIComponent(id)}`)).data;
  const fact = (term: string) => page.locator("dl > div").filter({ has: page.locator("dt", { hasText: term }) });
  await expect(page).toHaveTitle(new RegExp(id));
  await expect(fact("Request id")).toContainText(id);
  await expect(fact("LLM")).toContainText(String(call.llm_name));
  await expect(fact("Edge")).toContainText(String(call.edge_id));
  await expect(fact("Path")).toContainText(String(call.path));
  await expect(fact("User")).toContainText(String(call.user_name));
  await expect(fact("Tokens in")).toContainText(String(call.prompt_tokens));
  await expect(fact("Cost")).toContainText("$");
  await expect(fact("Plugins").first()).toContainText("ms");
});

test("a failed call says why", async ({ page, rest }) => {
  const [failed] = (await rest("GET", "/api/v1/analytics/calls?outcome=failed&q=unreachable&page_size=1")).list;
  await page.goto(`/admin/calls/${failed?.attributes.request_id}`);
  const reason = page.getByRole("alert").filter({ hasText: "The gateway could not connect to the vendor." });
  await expect(reason).toContainText(String(failed?.attributes.reason));
});

test("all calls are narrowed, and the address shows somebody else the same ones", async ({ page, context }) => {
  await page.goto("/admin");
  await page.getByRole("link", { name: "All calls" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Calls" })).toBeVisible();
  const table = page.getByRole("table", { name: "calls" });
  await page.getByRole("combobox", { name: "Outcome" }).click();
  await page.getByRole("option", { name: "Failed" }).click();
  await expect(page).toHaveURL(/outcome=failed/);
  await expect(table.getByRole("row", { name: /unreachable/ }).first()).toBeVisible();
  await expect(table.getByRole("row", { name: /demo-small/ })).toHaveCount(0);
  await page.getByRole("combobox", { name: "LLM" }).click();
  await page.getByRole("option", { name: "Nobody listens" }).click();
  await expect(page).toHaveURL(/llm_id=\d+/);
  const other = await context.newPage();
  await other.goto(page.url());
  await settled(other);
  await expect(other.getByRole("combobox", { name: "LLM" })).toHaveValue("Nobody listens");
  await expect(other.getByRole("combobox", { name: "Outcome" })).toHaveValue("Failed");
  await expect(
    other
      .getByRole("table", { name: "calls" })
      .getByRole("row", { name: /unreachable/ })
      .first(),
  ).toBeVisible();
  await expect(other.getByRole("table", { name: "calls" }).getByRole("row", { name: /demo-small/ })).toHaveCount(0);
  await other.close();
});

test("a call of a model without a price does not look free: the overview counts it, and its price is a link away", async ({
  page,
  faults,
}) => {
  await page.goto("/admin");
  await expect(page.getByRole("status").filter({ hasText: "without a price" })).toContainText(mystery);
  await page.getByRole("link", { name: /^\d+ calls?$/ }).click();
  await expect(page).toHaveURL(/priced=false/);
  const row = page
    .getByRole("table", { name: "calls" })
    .getByRole("row", { name: new RegExp(mystery) })
    .first();
  await expect(row).toContainText("no price");
  await row.getByRole("link").first().click();
  await page.getByRole("link", { name: "Create price" }).click();
  await expect(page.getByRole("textbox", { name: "Model" })).toHaveValue(mystery);
  expect(faults.splice(0).filter((fault) => !isRefusal(fault))).toEqual([]);
});

test("while another range is awaited the figures of the former one are marked, and keep their own labels", async ({ page }) => {
  await page.goto("/admin");
  await settled(page);
  const requests = page.getByRole("figure").filter({ hasText: "Requests" });
  // Of the two axes, the one with times or dates.
  const labels = async () => (await requests.locator("svg text").allTextContents()).filter((label) => /^\d\d[:-]\d\d$/.test(label));
  await expect(requests.locator("svg text").first()).toBeVisible({ timeout: 20_000 });
  const before = await labels();
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route("**/analytics/overview?range=30d", async (route) => {
    await held;
    await route.continue();
  });
  await page.getByText("30d", { exact: true }).click();
  await expect(page.locator("dl[data-stale]")).toBeVisible();
  expect(await labels()).toEqual(before);
  release();
  await expect(page.locator("dl[data-stale]")).toHaveCount(0);
  await expect.poll(async () => (await labels()).filter((label) => label.includes("-")).length).toBeGreaterThan(3);
});
