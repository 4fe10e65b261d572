import { expect, expectAccessible, settled, test } from "./support.ts";

test("an LLM's page says how many apps may call it and leads to all of them; nothing on it talks of deleting", async ({ page, rest }) => {
  const llm = (await rest("POST", "/api/v1/llms", { name: "Much used", vendor: "openai", short_description: "By many", active: true }))
    .data;
  const apps = [];
  for (let n = 1; n <= 7; n++)
    apps.push((await rest("POST", "/api/v1/apps", { name: `User ${n} of it`, llm_ids: [Number(llm.id)] })).data.id);
  try {
    await page.goto(`/admin/llms/${llm.id}`);
    await settled(page);
    await expect(page.getByText("7 apps may call this LLM.")).toBeVisible();
    await expect(page.getByRole("table", { name: "Apps with access" }).getByRole("row")).toHaveCount(6);
    await expect(page.locator("main")).not.toContainText(/loses access|is detached|is refused/);
    await page.getByRole("link", { name: "All 7 apps" }).click();
    await expect(page.getByRole("table", { name: "apps" }).getByRole("row")).toHaveCount(8);

    await page.goto(`/admin/apps/${apps[0]}`);
    await settled(page);
    await expect(page.locator("main")).not.toContainText(/is refused at every edge|What depends on it/);
  } finally {
    // An open page would read again what is deleted.
    await page.goto("about:blank");
    for (const id of apps) await rest("DELETE", `/api/v1/apps/${id}`);
    await rest("DELETE", `/api/v1/llms/${llm.id}`);
  }
});

test("the history of a thing shows who changed which fields from what to what, and of a key only that it changed", async ({
  page,
  rest,
}) => {
  const llm = (await rest("POST", "/api/v1/llms", { name: "With a past", vendor: "openai", api_key: "sk-past-1", default_model: "first" }))
    .data;
  try {
    await rest("PATCH", `/api/v1/llms/${llm.id}`, { default_model: "second", api_key: "sk-past-2" });
    await page.goto(`/admin/llms/${llm.id}?tab=history`);
    const latest = page.getByRole("list", { name: "Changes" }).getByRole("listitem").first();
    await expect(latest).toContainText("Admin changed it");
    await expect(latest.locator("dl > div", { hasText: "Default model" })).toHaveText(/first.*second/);
    await expect(latest.locator("dl > div", { hasText: "API key" })).toHaveText("API keychanged");
    expect(await page.content()).not.toContain("sk-past");
    await expectAccessible(page, "a history");
    // A change made elsewhere meanwhile appears by itself.
    await rest("PATCH", `/api/v1/llms/${llm.id}`, { default_model: "third" });
    await expect(latest.locator("dl > div", { hasText: "Default model" })).toHaveText(/second.*third/);
  } finally {
    // An open page would read again what is deleted.
    await page.goto("about:blank");
    await rest("DELETE", `/api/v1/llms/${llm.id}`);
  }
});
