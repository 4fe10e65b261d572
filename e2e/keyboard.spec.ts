import { expect, expectAccessible, expectAccessibleInBothSchemes, settled, test } from "./support.ts";

const named = (name: string) => ({ name, vendor: "openai", api_endpoint: "https://api.openai.com/v1", short_description: "For lists" });

test("everything between signing in and saving is done by keyboard alone, and focus comes back to where it was", async ({ page, rest }) => {
  await page.goto("/admin");
  await settled(page);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("main")).toBeFocused();

  // The palette finds pages and, on the server, things.
  await page.keyboard.press("Control+k");
  const search = page.getByPlaceholder("Go to, create, find…");
  await expect(search).toBeFocused();
  await search.fill("Demo Anth");
  await expect(page.getByRole("button", { name: "Demo Anthropic" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(search).toBeHidden();
  await expect(page.locator("main")).toBeFocused();
  await page.keyboard.press("Control+k");
  await search.fill("create LLM");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/admin\/llms\/new$/);

  // Letters go to pages from everywhere but from fields.
  await expect(page.getByLabel("Name")).toBeFocused();
  await page.keyboard.type("gl");
  await expect(page.getByLabel("Name")).toHaveValue("gl");
  await page.getByLabel("Name").fill("");
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.type("ga");
  await expect(page).toHaveURL(/\/admin\/apps$/);
  await page.keyboard.type("gl");
  await expect(page).toHaveURL(/\/admin\/llms$/);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);

  // Rows are walked and opened.
  const rows = page.getByRole("row").filter({ has: page.getByRole("link") });
  await expect(rows.nth(1)).toBeVisible();
  await page.keyboard.type("jj");
  await expect(rows.nth(1).getByRole("link")).toBeFocused();
  await page.keyboard.type("k");
  await expect(rows.nth(0).getByRole("link")).toBeFocused();
  await page.keyboard.type("/");
  await expect(page.getByRole("searchbox")).toBeFocused();
  await page.keyboard.press("Escape");
  await rows.nth(0).getByRole("link").focus();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/admin\/llms\/\d+$/);

  // A form is not left by mistake, and saved from within any field.
  await page.getByRole("link", { name: "Edit" }).press("Enter");
  const lead = page.getByLabel("Short description");
  await lead.fill("By keyboard");
  await page.getByRole("link", { name: "Cancel" }).press("Enter");
  const question = page.getByRole("dialog", { name: "Leave without saving?" });
  await expect(question).toBeVisible();
  await question.getByRole("button", { name: "Stay" }).press("Enter");
  await expect(question).toBeHidden();
  await expect(page.getByRole("link", { name: "Cancel" })).toBeFocused();
  await lead.focus();
  await page.keyboard.press("Control+s");
  await expect(page).toHaveURL(/\/admin\/llms\/\d+$/);
  await expect(page.getByText("By keyboard")).toBeVisible();
  expect((await rest("GET", `/api/v1${new URL(page.url()).pathname.replace("/admin", "")}`)).data.attributes.short_description).toBe(
    "By keyboard",
  );
});

test("what a list shows is in its address: search, filter, sort and page survive reload and Back", async ({ page, rest }) => {
  const made = await Promise.all(Array.from({ length: 28 }, (_, at) => rest("POST", "/api/v1/llms", named(`List ${at + 10}`))));
  try {
    await page.goto("/admin/llms");
    await page.getByRole("searchbox").fill("List");
    await expect(page).toHaveURL(/[?&]q=List/);
    await page.getByRole("columnheader", { name: "Name" }).getByRole("button").click();
    await expect(page).toHaveURL(/[?&]sort=-name/);
    const first = page
      .getByRole("row")
      .filter({ has: page.getByRole("link") })
      .first();
    await expect(first).toContainText("List 37");
    await page
      .getByRole("navigation", { name: /Pages of/ })
      .getByRole("button", { name: /next/i })
      .click();
    await expect(page).toHaveURL(/[?&]page=2/);
    await expect(first).toContainText("List 12");
    await page.reload();
    await expect(page.getByRole("searchbox")).toHaveValue("List");
    await expect(first).toContainText("List 12");
    await expect(page.getByRole("columnheader", { name: "Name" })).toHaveAttribute("aria-sort", "descending");
    // Back does not wait for what the server makes of the page, which then changes nothing about the list.
    const held = Promise.withResolvers<void>();
    await page.route(/\/admin\/llms\?.*_rsc=/, async (route) => {
      await held.promise;
      await route.continue();
    });
    await page.goBack();
    await expect(first).toContainText("List 37");
    await page.goBack();
    await expect(first).toContainText("List 10");
    held.resolve();
    await page.waitForLoadState("networkidle");
    await expect(first).toContainText("List 10");
    await expect(page).toHaveURL(/\/admin\/llms\?q=List$/);

    // A view is an address with a name.
    await page.getByRole("button", { name: "Saved views" }).click();
    await page.getByRole("menuitem", { name: "Save this view…" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("Only lists");
    await page.keyboard.press("Enter");
    await page.goto("/admin/llms");
    await page.getByRole("button", { name: "Saved views" }).click();
    await page.getByRole("menuitem", { name: "Only lists", exact: true }).click();
    await expect(page).toHaveURL(/[?&]q=List/);
    await expect(first).toContainText("List 10");
  } finally {
    await Promise.all(made.map(({ data }) => rest("DELETE", `/api/v1/llms/${data.id}`)));
  }
});

test("dialogs hold the focus, give it back, and axe finds nothing on them: palette, help, tokens, menus, deletion, navigation on a phone", async ({
  page,
}) => {
  await page.goto("/admin/plugins");
  await settled(page);
  await page.getByRole("button", { name: "Go to anything" }).click();
  await expect(page.getByPlaceholder("Go to, create, find…")).toBeFocused();
  await expectAccessibleInBothSchemes(page, "the command palette");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("button", { name: "Go to anything" })).toBeFocused();

  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toBeVisible();
  await expectAccessibleInBothSchemes(page, "help on the keyboard");
  await page.keyboard.press("Escape");

  for (const name of ["Saved views", "Export", "Columns and density", "Theme", /^Your account/]) {
    const opener = page.getByRole("button", { name });
    await opener.focus();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("menu")).toBeVisible();
    await expectAccessible(page, `the menu ${name}`, { menu: true });
    await page.keyboard.press("Escape");
    await expect(page.getByRole("menu")).toBeHidden();
    await expect(opener).toBeFocused();
  }
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "API tokens" }).click();
  const tokens = page.getByRole("dialog", { name: "API tokens" });
  await tokens.getByLabel("Name of the new token").fill("Journey");
  await tokens.getByRole("button", { name: "Create token" }).click();
  await expect(tokens.getByText("shown only this once")).toBeVisible();
  await expectAccessibleInBothSchemes(page, "a new API token");
  await tokens.getByRole("button", { name: "Revoke Journey" }).click();
  await expect(tokens.getByRole("button", { name: "Revoke Journey" })).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(tokens).toBeHidden();

  // What depends on the thing is asked for and said before it is gone.
  await page.getByRole("link", { name: "Request enricher" }).click();
  await page.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Delete plugin" }).click();
  const deletion = page.getByRole("dialog", { name: "Delete plugin" });
  await expect(deletion.getByRole("listitem").filter({ hasText: "Demo OpenAI" })).toBeVisible();
  await expect(deletion.getByRole("button", { name: "Cancel" })).toBeFocused();
  for (let presses = 0; presses < 4; presses++) {
    await page.keyboard.press("Tab");
    await expect(deletion.locator(":focus")).toHaveCount(1);
  }
  await expectAccessibleInBothSchemes(page, "asking before a deletion");
  await page.keyboard.press("Escape");
  await expect(deletion).toBeHidden();
  await expect(page.getByRole("heading", { name: "Request enricher" })).toBeVisible();

  await page.setViewportSize({ width: 390, height: 844 });
  const burger = page.getByRole("button", { name: "Open navigation" });
  await burger.click();
  await expect(page.getByRole("dialog").getByRole("link", { name: "Edges" })).toBeVisible();
  await expectAccessibleInBothSchemes(page, "navigation on a phone");
  await page.keyboard.press("Escape");
  await expect(burger).toBeFocused();
});
