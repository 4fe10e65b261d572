import { expect, expectAccessibleInBothSchemes, test } from "./support.ts";

test("an administrator sets what happens when an object hook fails, and how long it may take, on the plugin's page", async ({
  page,
  rest,
}) => {
  const plugins = (await rest("GET", "/api/v1/plugins?page_size=100")).list;
  const validator = plugins.find(({ attributes }) => (attributes.capabilities as string[]).includes("llm.before_create"));
  const path = `/api/v1/plugins/${validator?.id}/hooks`;
  const hook = async () => (await rest("GET", path)).list.find(({ id }) => id === "llm.before_create")?.attributes;

  await page.goto(`/admin/plugins/${validator?.id}?tab=access`);
  const table = page.getByRole("table", { name: "Object hooks" });
  const policy = table.getByRole("combobox", { name: "When llm.before_create fails" });
  await expect(policy).toHaveValue("Default: reject the change");
  await expectAccessibleInBothSchemes(page, "the object hooks of a plugin");
  await policy.click();
  await page.getByRole("option", { name: "Allow the change" }).click();
  await expect.poll(hook).toMatchObject({ failure_policy: "fail_open", is_default_policy: false });
  const timeout = table.getByRole("textbox", { name: "Timeout of llm.before_create in milliseconds" });
  await timeout.fill("1500");
  await timeout.press("Enter");
  await expect.poll(hook).toMatchObject({ timeout_ms: 1500 });

  await policy.click();
  await page.getByRole("option", { name: "Default" }).click();
  await timeout.fill("");
  await timeout.press("Enter");
  await expect.poll(hook).toMatchObject({ failure_policy: "fail_closed", is_default_policy: true, timeout_ms: 5000 });
});
