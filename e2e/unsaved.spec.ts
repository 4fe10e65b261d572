import type { Page } from "@playwright/test";
import { expect, expectAccessibleInBothSchemes, isRefusal, settled, test } from "./support.ts";

const llm = (name: string) => ({ name, vendor: "openai", api_endpoint: "https://api.openai.com/v1", short_description: "As it was" });
const question = (page: Page) => page.getByRole("dialog", { name: "Leave without saving?" });
const remote = (page: Page) => page.getByRole("region", { name: "Conflicting changes" });

test("a save changes only what was edited, and shows both versions of what somebody else changed meanwhile", async ({ page, rest }) => {
  const { data } = await rest("POST", "/api/v1/llms", llm("Unsaved one"));
  const path = `/api/v1/llms/${data.id}`;
  try {
    await page.goto(`/admin/llms/${data.id}/edit`);
    await settled(page);
    const description = page.getByRole("textbox", { name: "Short description" });
    await description.fill("Typed here");

    // Other fields: the form takes them over, and the save keeps them.
    await rest("PATCH", path, { default_model: "gpt-9", monthly_budget: 42 });
    await expect(remote(page).getByRole("row", { name: /Default model/ })).toContainText("gpt-9");
    await expect(page.getByRole("combobox", { name: "Default model" })).toHaveValue("gpt-9");
    await expect(description).toHaveValue("Typed here");

    // The same field: both versions are shown, and nothing is saved until one is chosen.
    await rest("PATCH", path, { short_description: "Typed elsewhere" });
    const row = remote(page).getByRole("row", { name: /Short description/ });
    await expect(row).toContainText("Typed here");
    await expect(row).toContainText("Typed elsewhere");
    await expectAccessibleInBothSchemes(page, "a form that somebody else has changed");
    await description.press("Control+s");
    await expect(row.getByRole("radio").first()).toBeFocused();
    expect((await rest("GET", path)).data.attributes.short_description).toBe("Typed elsewhere");
    await row.getByText("Take theirs").click();
    await expect(description).toHaveValue("Typed elsewhere");
    await row.getByText("Keep mine").click();
    await expect(description).toHaveValue("Typed here");
    await description.press("Control+s");
    await expect(page).toHaveURL(/\/admin\/llms\/\d+$/);
    expect((await rest("GET", path)).data.attributes).toMatchObject({
      short_description: "Typed here",
      default_model: "gpt-9",
      monthly_budget: 42,
    });
  } finally {
    await rest("DELETE", path);
  }
});

test("without live events, too, a save changes only what was edited", async ({ page, rest, faults }) => {
  const { data } = await rest("POST", "/api/v1/llms", llm("Unsaved quiet"));
  const path = `/api/v1/llms/${data.id}`;
  try {
    await page.route("**/api/v1/events", (route) => route.abort());
    await page.goto(`/admin/llms/${data.id}/edit`);
    await settled(page);
    await page.getByLabel("Short description").fill("Typed here");
    await rest("PATCH", path, { default_model: "gpt-9", monthly_budget: 42 });
    await page.keyboard.press("Control+s");
    const saved = async () => (await rest("GET", path)).data.attributes;
    // The server refuses what was read before the other change; the form then has it, and saves.
    await expect(async () => {
      if ((await saved()).short_description !== "Typed here") await page.keyboard.press("Control+s");
      expect(await saved()).toMatchObject({ short_description: "Typed here", default_model: "gpt-9", monthly_budget: 42 });
    }).toPass({ timeout: 10_000 });
    await page.close();
    expect(faults.splice(0).filter((fault) => !isRefusal(fault) && !fault.includes("net::ERR_FAILED"))).toEqual([]);
  } finally {
    await rest("DELETE", path);
  }
});

test("settings of a plugin stay as they are typed while the plugin changes, while another tab is shown and while they are not JSON", async ({
  page,
  rest,
}) => {
  const { list } = await rest("GET", "/api/v1/plugins?q=enricher");
  const [plugin] = list;
  const path = `/api/v1/plugins/${plugin?.id}`;
  const { config, description } = (await rest("GET", path)).data.attributes;
  try {
    await page.goto(`/admin/plugins/${plugin?.id}?tab=settings`);
    const field = page.getByLabel("Instruction");
    await field.fill("Typed here");
    const [read] = await Promise.all([
      page.waitForResponse((response) => response.url().endsWith(path) && response.request().method() === "GET"),
      rest("PATCH", path, { description: "Changed elsewhere" }),
    ]);
    expect(read.ok()).toBe(true);
    await expect(page.getByText("Changed elsewhere").first()).toBeVisible();
    await expect(field).toHaveValue("Typed here");

    await page.getByRole("tab", { name: "Log" }).click();
    await expect(field).toBeHidden();
    await page.getByRole("link", { name: "LLMs", exact: true }).click();
    await expect(question(page)).toBeVisible();
    await question(page).getByRole("button", { name: "Stay" }).click();
    await page.getByRole("tab", { name: "Settings" }).click();
    await expect(field).toHaveValue("Typed here");

    await page.getByText("JSON", { exact: true }).click();
    const json = page.getByLabel("Settings as JSON");
    await expect(json).toHaveValue(/Typed here/);
    await json.fill('{ "additional_instruction": "Not finished');
    await expect(page.getByRole("radio", { name: "Form" })).toBeDisabled();
    await expect(json).toHaveAccessibleDescription(/Not JSON yet/);
    await json.fill('{ "additional_instruction": "Finished" }');
    await page.getByText("Form", { exact: true }).click();
    await expect(field).toHaveValue("Finished");

    // Settings saved elsewhere meanwhile are shown beside these.
    await rest("PATCH", path, { config: { ...(config as object), additional_instruction: "Saved elsewhere" } });
    const row = remote(page).getByRole("row", { name: /Instruction/ });
    await expect(row).toContainText("Saved elsewhere");
    await expect(field).toHaveValue("Finished");
    await row.getByText("Take theirs").click();
    await expect(field).toHaveValue("Saved elsewhere");
  } finally {
    await rest("PATCH", path, { config, description });
  }
});

test("Back, links, shortcuts and the palette ask before they lose what was typed, and go where they were to go once that is agreed", async ({
  page,
}) => {
  await page.goto("/admin/llms");
  await settled(page);
  await page.getByRole("link", { name: "Create LLM" }).click();
  await expect(page).toHaveURL(/\/new$/);
  const name = page.getByLabel("Name");
  await name.fill("Not saved");
  await page.goBack();
  await expect(question(page)).toBeVisible();
  await expect(page).toHaveURL(/\/admin\/llms\/new$/);
  await question(page).getByRole("button", { name: "Stay" }).click();
  await expect(question(page)).toBeHidden();
  await expect(name).toHaveValue("Not saved");

  await name.press("Control+k");
  await page.getByPlaceholder("Go to, create, find…").fill("edges");
  await page.keyboard.press("Enter");
  await expect(question(page)).toBeVisible();
  await question(page).getByRole("button", { name: "Stay" }).click();
  await expect(question(page)).toBeHidden();

  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.type("ga");
  await expect(question(page)).toBeVisible();
  await question(page).getByRole("button", { name: "Stay" }).click();
  await expect(question(page)).toBeHidden();
  await expect(name).toHaveValue("Not saved");

  await page.goBack();
  await question(page).getByRole("button", { name: "Leave" }).click();
  await expect(page).toHaveURL(/\/admin\/llms$/);
  await expect(page.getByRole("heading", { level: 1, name: "LLMs" })).toBeVisible();
  await page.goForward();
  await expect(name).toHaveValue("");
  await page.goBack();
  await expect(page).toHaveURL(/\/admin\/llms$/);
});

test("a session that ended is taken up again over the form, which keeps what was typed", async ({
  page,
  rest,
  faults,
  browser,
  studioUrl,
}) => {
  const { data } = await rest("POST", "/api/v1/llms", llm("Unsaved session"));
  // A session of its own: the others go on with theirs.
  const context = await browser.newContext({ baseURL: studioUrl, storageState: { cookies: [], origins: [] } });
  const own = await context.newPage();
  try {
    const signIn = async () => {
      await own.getByLabel("E-mail").fill(process.env.PORTICO_ADMIN_EMAIL ?? "");
      await own.getByRole("textbox", { name: "Password" }).fill(process.env.PORTICO_ADMIN_PASSWORD ?? "");
      await own.keyboard.press("Enter");
    };
    await own.goto(`/admin/llms/${data.id}/edit`);
    await signIn();
    await settled(own);
    const description = own.getByLabel("Short description");
    await description.fill("Typed before the session ended");
    await context.clearCookies();
    await description.press("Control+s");
    const alert = own.getByRole("alert").filter({ hasText: "Your session ended" });
    await expect(alert).toBeVisible();
    await alert.getByRole("button", { name: "Sign in" }).click();
    const dialog = own.getByRole("dialog", { name: "Your session ended" });
    await expect(dialog.getByLabel("E-mail")).toBeFocused();
    await expectAccessibleInBothSchemes(own, "signing in over a form");
    await signIn();
    await expect(dialog).toBeHidden();
    await expect(description).toHaveValue("Typed before the session ended");
    await description.press("Control+s");
    await expect(own).toHaveURL(/\/admin\/llms\/\d+$/);
    expect((await rest("GET", `/api/v1/llms/${data.id}`)).data.attributes.short_description).toBe("Typed before the session ended");
  } finally {
    await context.close();
    await rest("DELETE", `/api/v1/llms/${data.id}`);
  }
  expect(faults.splice(0).filter((fault) => !isRefusal(fault))).toEqual([]);
  await page.close();
});

test("a form shows every fault at once, each at its field, and a plugin's refusal beside the field it is about with a way to the plugin", async ({
  page,
  faults,
}) => {
  await page.goto("/admin/llms/new");
  await settled(page);
  await page.getByRole("textbox", { name: "Endpoint" }).fill("not a url");
  await page.getByRole("combobox", { name: "Allowed models" }).fill("[unclosed(");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+s");
  for (const fault of [/Enter a name/, /must be a URL/i, /regular expression/i])
    await expect(page.locator(".mantine-InputWrapper-error").filter({ hasText: fault })).toBeVisible();

  await page.goto("/admin/users/new");
  await settled(page);
  await page.getByLabel("Name").fill("Kai");
  await page.getByLabel("E-mail").fill("kai");
  await page.getByRole("textbox", { name: "Password" }).fill("123");
  await page.keyboard.press("Control+s");
  await expect(page.getByLabel("E-mail")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByRole("textbox", { name: "Password" })).toHaveAttribute("data-invalid", "true");

  await page.goto("/admin/llms/new");
  await settled(page);
  await page.getByLabel("Name").fill("Refused by a rule");
  await page.getByRole("textbox", { name: "Endpoint" }).fill("http://example.com/v1");
  await page.keyboard.press("Control+s");
  await expect(page.getByRole("textbox", { name: "Endpoint" })).toHaveAccessibleDescription(/HTTPS/);
  await expect(page.getByRole("link", { name: /^Open .*validator/i })).toHaveAttribute("href", /\/admin\/plugins\/\d+$/);
  expect(faults.splice(0).filter((fault) => !isRefusal(fault))).toEqual([]);
});
