import { expect, expectAccessible, settled, test } from "./support.ts";

const named = (name: string, more = {}) => ({ name, vendor: "openai", api_endpoint: "https://api.openai.com/v1", ...more });

test("selecting rows moves none of them, names what is selected, and deleting shows what depends on each", async ({ page, rest }) => {
  const made = await Promise.all([1, 2, 3].map((at) => rest("POST", "/api/v1/llms", named(`Jumpy ${at}`))));
  const app = await rest("POST", "/api/v1/apps", { name: "Needs Jumpy", llm_ids: [Number(made[0]?.data.id)] });
  try {
    await page.goto("/admin/llms?q=Jumpy");
    await settled(page);
    const rows = page.getByRole("row").filter({ has: page.getByRole("link") });
    const places = () => rows.evaluateAll((nodes) => nodes.map((node) => node.getBoundingClientRect().y));
    const before = await places();
    await page.getByRole("checkbox", { name: "Select Jumpy 1" }).check();
    const bar = page.getByRole("region", { name: "Selected rows" });
    await expect(bar).toContainText("1 selected");
    expect(await places()).toEqual(before);
    await page.getByRole("checkbox", { name: "Select Jumpy 2" }).check();
    await bar.getByRole("button", { name: "Activate", exact: true }).click();
    const result = page.getByRole("dialog");
    await expect(result).toContainText("already active");
    await expectAccessible(page, "the result of a bulk action");
    await result.getByRole("button", { name: "Close", exact: true }).last().click();

    await page.getByRole("checkbox", { name: "Select Jumpy 1" }).check();
    await page.getByRole("checkbox", { name: "Select Jumpy 2" }).check();
    await bar.getByRole("button", { name: "Delete" }).click();
    const dialog = page.getByRole("dialog", { name: "Delete 2 LLMs" });
    await expect(dialog.getByRole("listitem").filter({ hasText: "Jumpy 1" })).toContainText("Needs Jumpy");
    await expect(dialog.getByRole("listitem").filter({ hasText: "Jumpy 2" })).toContainText("Nothing depends on it");
    await expectAccessible(page, "asking before a bulk deletion");
    await dialog.getByRole("button", { name: "Cancel" }).click();

    // One row needs no selection.
    await page.getByRole("button", { name: "Actions for Jumpy 3" }).click();
    await page.getByRole("menuitem", { name: "Deactivate" }).click();
    await expect(rows.filter({ hasText: "Jumpy 3" })).toContainText("Inactive");
  } finally {
    await rest("DELETE", `/api/v1/apps/${app.data.id}`);
    await Promise.all(made.map(({ data }) => rest("DELETE", `/api/v1/llms/${data.id}`)));
  }
});

test("lists narrow by what people ask for, say why they are empty, and lead back from an address that is past their end or wrong", async ({
  page,
  rest,
  faults,
}) => {
  const llm = await rest("POST", "/api/v1/llms", named("Filtered"));
  const app = await rest("POST", "/api/v1/apps", { name: "Filtered app", llm_ids: [Number(llm.data.id)] });
  try {
    await page.goto("/admin/apps");
    await settled(page);
    await page.getByRole("combobox", { name: "LLM", exact: true }).click();
    await page.getByRole("combobox", { name: "LLM", exact: true }).fill("Filtered");
    await page.getByRole("option", { name: "Filtered", exact: true }).click();
    await expect(page).toHaveURL(/llm_id=\d+/);
    const rows = page.getByRole("row").filter({ has: page.getByRole("link") });
    await expect(rows).toHaveCount(1);
    await page.getByRole("combobox", { name: "Credential" }).click();
    await page.getByRole("option", { name: "None active" }).click();
    await expect(rows).toContainText("Filtered app");
    await page.getByRole("combobox", { name: "Budget" }).click();
    await page.getByRole("option", { name: "Over budget" }).click();
    await expect(page.getByText("No apps match these filters.")).toBeVisible();
    await page.getByRole("button", { name: "Clear", exact: true }).click();
    await expect(rows.first()).toBeVisible();
    await expect(page).toHaveURL(/\/admin\/apps$/);

    await page.goto("/admin/users?is_admin=true");
    await expect(rows.first()).toContainText("Administrator");
    await page.goto("/admin/llms?page=99999");
    await page.getByRole("button", { name: "Go to last page" }).click();
    await expect(rows.first()).toBeVisible();
    await page.goto("/admin/llms?sort=nonsense");
    await page.getByRole("button", { name: "Use default order" }).click();
    await expect(rows.first()).toBeVisible();
    faults.splice(0);

    await page.goto(`/admin/llms/${llm.data.id}`);
    await expect(page).toHaveTitle(/^Filtered/);
  } finally {
    await rest("DELETE", `/api/v1/apps/${app.data.id}`);
    await rest("DELETE", `/api/v1/llms/${llm.data.id}`);
  }
});

test("the columns menu ticks what is in sight, and a column that is selected comes into sight; the head of a long list stays", async ({
  page,
  rest,
}) => {
  const made = await Promise.all(Array.from({ length: 30 }, (_, at) => rest("POST", "/api/v1/llms", named(`Long ${at + 10}`))));
  try {
    await page.setViewportSize({ width: 1000, height: 700 });
    await page.goto("/admin/llms?size=50");
    await settled(page);
    await page.getByRole("button", { name: "Columns and density" }).click();
    const changed = page.getByRole("menuitemcheckbox", { name: "Changed" });
    const header = page.getByRole("columnheader", { name: "Changed" });
    await expect(header).toBeHidden();
    await expect(changed).not.toBeChecked();
    await changed.click();
    await expect(changed).toBeChecked();
    await expect(header).toBeVisible();
    await page.keyboard.press("Escape");

    const rows = page.getByRole("row").filter({ has: page.getByRole("link") });
    await rows.last().scrollIntoViewIfNeeded();
    await expect(page.getByRole("columnheader", { name: "Name" })).toBeInViewport();
    await expect(rows.last()).toBeInViewport();
  } finally {
    await Promise.all(made.map(({ data }) => rest("DELETE", `/api/v1/llms/${data.id}`)));
  }
});

test("the palette finds everything that has a page, from within fields and frames of plugins, and Enter takes the first result when it comes", async ({
  page,
}) => {
  await page.goto("/admin/llms/new");
  await settled(page);
  const search = page.getByPlaceholder("Go to, create, find…");
  for (const [words, address] of [
    ["Demo Anth", /\/admin\/llms\/\d+$/],
    ["admin@portico", /\/admin\/users\/\d+$/],
    ["gpt-4o", /\/admin\/prices\/\d+$/],
  ] as const) {
    await page.keyboard.press("Control+k");
    await expect(search).toBeFocused();
    await page.keyboard.type(words);
    await page.keyboard.press("Enter");
    await expect(page, words).toHaveURL(address);
    await expect(search).toBeHidden();
  }

  // What stands further down is found, too.
  await page.keyboard.press("Control+k");
  await page.keyboard.type("local");
  await page.getByRole("dialog").getByRole("button", { name: "local", exact: true }).click();
  await expect(page).toHaveURL(/\/admin\/edges\/local$/);

  await page.goto("/admin/feedback");
  await settled(page);
  const frame = page.locator("iframe").contentFrame();
  await frame.locator("h1, h2").first().click();
  await page.keyboard.press("Control+k");
  await expect(search).toBeFocused();
});
