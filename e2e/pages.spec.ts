import type { Page } from "@playwright/test";
import { addressesOf, isPortalUsers, portalUser, routes } from "./routes.ts";
import { expect, expectAccessibleInBothSchemes, isRefusal, settled, test } from "./support.ts";

// Failures name the element and the rule; recording every step of a few hundred looks would cost more than the looks.
test.use({ trace: "off" });

async function expectFine(page: Page, where: string): Promise<void> {
  await settled(page);
  await expectAccessibleInBothSchemes(page, where);
  const desktop = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 844 });
  const wide = () =>
    page.evaluate(() => {
      const width = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= width) return "";
      const past = [...document.querySelectorAll("body *")].filter((node) => node.getBoundingClientRect().right > width + 1);
      return past.map((node) => `<${node.tagName.toLowerCase()} class="${node.getAttribute("class")}">`).join(" in ");
    });
  // Charts learn of the new width a moment after the page has it.
  await expect.poll(wide, `${where} scrolls sideways at 390 px`).toBe("");
  if (desktop) await page.setViewportSize(desktop);
}

test("the routes are found", () => {
  expect(routes.length).toBeGreaterThan(20);
});

for (const route of routes) {
  test(`${route} and its tabs: axe finds nothing in light or dark, no policy is broken, no error logged, 390 px suffice`, async ({
    page,
    rest,
    studioUrl,
  }) => {
    if (route === "/login") await page.context().clearCookies();
    if (isPortalUsers(route)) await page.context().addCookies((await portalUser(studioUrl)).cookies);
    for (const address of await addressesOf(route, rest)) {
      const answer = await page.goto(address);
      expect(answer?.status(), address).toBe(200);
      // Without a session, the sign-in page would be checked in place of every page.
      expect(new URL(page.url()).pathname === "/login", page.url()).toBe(route === "/login");
      await expectFine(page, address);
      for (const tab of (await page.getByRole("tab").all()).slice(1)) {
        await tab.click();
        await expectFine(page, `${address}, tab ${await tab.innerText()}`);
      }
    }
  });
}

test("what does not exist is said so on a page of its own, in the area asked for", async ({ page, faults }) => {
  for (const address of ["/nothing/here", "/admin/nothing/here", "/admin/llms/999999", "/portal/plugins/nothing"]) {
    const answer = await page.goto(address);
    // A page there is, about a thing there is not.
    expect(answer?.status(), address).toBe(address === "/admin/llms/999999" ? 200 : 404);
    await expect(page.getByRole("heading", { level: 1, name: /^There is no such (page|LLM)$/ })).toBeVisible();
    await expectFine(page, address);
  }
  expect(faults.splice(0).filter((fault) => !isRefusal(fault))).toEqual([]);
});

test("an edge is created, shows its token and command once, gets another token and is deleted, each asked first", async ({
  page,
  rest,
  faults,
}) => {
  await page.goto("/admin/edges");
  await page.getByRole("link", { name: "Create edge" }).click();
  const id = page.getByRole("textbox", { name: "Id" });
  await expect(id).toBeFocused();
  for (const [wrong, fault] of [
    ["", "Enter an id"],
    ["-x", "begin and end with a letter or digit"],
    ["new", 'and not "new"'],
    ["local", "already exists"],
  ] as const) {
    await id.fill(wrong);
    await page.keyboard.press("Control+s");
    await expect(id).toHaveAccessibleDescription(new RegExp(fault));
    await expect(id).toBeFocused();
  }
  await expectAccessibleInBothSchemes(page, "an edge's form with an error");
  await id.fill("journey-1");
  await page.getByRole("textbox", { name: "Namespace" }).fill("journey");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/admin\/edges\/journey-1$/);

  const shown = page.getByRole("status").filter({ hasText: "shown only this once" }).locator("code");
  await expect(shown).toHaveText(/^pe_/);
  const first = await shown.innerText();
  await expect(page.getByRole("region", { name: "command" })).toContainText(`PORTICO_EDGE_TOKEN=${first}`);
  await expectFine(page, "a new token of an edge");

  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Rotate token" }).click();
  await expect(dialog.getByRole("button", { name: "Cancel" })).toBeFocused();
  await expectAccessibleInBothSchemes(page, "rotating a token");
  await dialog.getByRole("button", { name: "Rotate token" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(shown).not.toHaveText(first);
  const second = await shown.innerText();
  await page.reload();
  await settled(page);
  expect(await page.content()).not.toContain(second);

  await page.getByRole("button", { name: "Delete" }).click();
  await expectAccessibleInBothSchemes(page, "deleting an edge");
  await dialog.getByRole("button", { name: "Delete edge" }).click();
  await expect(page).toHaveURL(/\/admin\/edges$/);
  expect((await rest("GET", "/api/v1/edges/journey-1")).status).toBe(404);

  await page.goto("/admin/edges/local");
  await page.getByRole("button", { name: "Rotate token" }).click();
  await expect(dialog).toContainText("started together with the studio");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  expect(faults.splice(0).filter((fault) => !isRefusal(fault))).toEqual([]);
});

test("feedback without a rating is refused at the rating, which gets the focus", async ({ page, studioUrl }) => {
  await page.context().addCookies((await portalUser(studioUrl)).cookies);
  await page.goto("/portal/plugins/feedback");
  await settled(page);
  const form = page.locator("iframe").contentFrame();
  await form.getByRole("textbox", { name: "Title" }).fill("No stars");
  await form.getByRole("textbox", { name: "Message" }).fill("Forgotten.");
  await form.getByRole("button", { name: "Send feedback" }).click();
  const rating = form.getByRole("radiogroup", { name: "Rating" });
  await expect(rating).toHaveAttribute("aria-invalid", "true");
  await expect(rating).toHaveAccessibleDescription("Choose one to five stars.");
  await expect(rating.getByRole("radio").first()).toBeFocused();
  await expectAccessibleInBothSchemes(page, "feedback without a rating");
  await page.keyboard.press("ArrowRight");
  await expect(rating).toHaveAttribute("aria-invalid", "false");
});
