import { type BrowserContext, test as base, expect, type Page, request } from "@playwright/test";
import { runAxe } from "./axe.ts";

export { expect };

export type Session = Awaited<ReturnType<BrowserContext["storageState"]>>;

/** Signs somebody in over REST; the cookies can be given to any number of browser contexts. */
export async function signIn(studioUrl: string, email: string, password: string): Promise<Session> {
  // Inside a test, Playwright hands new contexts the cookies of the test's user, whose session signing in would end.
  const visitor = await request.newContext({ baseURL: studioUrl, storageState: { cookies: [], origins: [] } });
  try {
    const token = (await visitor.get("/csrf-token")).headers()["x-csrf-token"] ?? "";
    const answer = await visitor.post("/auth/login", { data: { email, password }, headers: { "x-csrf-token": token } });
    if (!answer.ok()) throw new Error(`${email} cannot sign in: ${answer.status()} ${await answer.text()}`);
    return await visitor.storageState();
  } finally {
    await visitor.dispose();
  }
}

export type Resource = { type: string; id: string; attributes: Record<string, unknown>; [more: string]: unknown };
export type Answer = {
  status: number;
  data: Resource;
  list: Resource[];
  total: number;
  errors: { status: string; code: string; detail: string; meta?: Record<string, unknown> }[];
  text: string;
};
export type Rest = (method: string, path: string, body?: unknown) => Promise<Answer>;

/** The REST API with a Bearer token, as the README's `curl` uses it: flat bodies, no Content-Type. */
export function restOf(studioUrl: string, token: string): Rest {
  return async (method, path, body) => {
    const answer = await fetch(new URL(path, studioUrl), {
      method,
      headers: { authorization: `Bearer ${token}` },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.text();
    const parsed = text.startsWith("{") ? JSON.parse(text) : {};
    const list = Array.isArray(parsed.data) ? parsed.data : [];
    return { status: answer.status, data: parsed.data, list, total: parsed.meta?.total_count, errors: parsed.errors ?? [], text };
  };
}

/** Collects what a page must never cause: errors in its console (broken policies are among them) and errors nobody caught. */
export function watchFaults(context: BrowserContext): string[] {
  const faults: string[] = [];
  context.on("console", (message) => {
    if (message.type() === "error") faults.push(`${message.page()?.url()}: ${message.text()}`);
  });
  context.on("weberror", (error) => faults.push(`${error.page()?.url()}: ${error.error().stack ?? error.error()}`));
  return faults;
}

/** An answer that a journey provoked on purpose; the browser writes one line about each. */
export const isRefusal = (fault: string): boolean => /Failed to load resource: .* status of 4\d\d/.test(fault);

/** Resolves when the page, frames of plugins included, has shown what it loads. */
export async function settled(page: Page): Promise<void> {
  await expect(page.locator("h1, h2").first()).toBeVisible();
  await expect(page.locator("[aria-busy=true], .mantine-Skeleton-root:visible")).toHaveCount(0);
  for (const frame of await page.locator("iframe").all()) {
    await expect(frame).toBeVisible();
    await expect(frame.contentFrame().locator("[aria-busy=true], p-spinner")).toHaveCount(0);
  }
}

/** Resolves when nothing in the page or in a frame of it is being animated, endless animations aside. */
async function still(page: Page): Promise<void> {
  for (const frame of page.frames()) {
    await frame.waitForFunction(() =>
      document
        .getAnimations()
        .every(({ playState, effect }) => playState !== "running" || effect?.getComputedTiming().endTime === Number.POSITIVE_INFINITY),
    );
  }
}

// What a colour scheme can change; everything else about a page is the same in both.
const colourRules = ["color-contrast", "link-in-text-block"];

/** Asks axe about the page and every frame in it: all rules of WCAG 2.2 A and AA and its best practices, or those about colour only. */
export async function expectAccessible(page: Page, where: string, { colours = false, menu = false } = {}): Promise<void> {
  await still(page);
  const { violations, incomplete } = await runAxe(page, {
    runOnly: colours ? colourRules : ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    // An open menu stands outside the landmarks of the page it belongs to.
    ...(menu ? { rules: { region: { enabled: false } } } : {}),
  });
  // A frame that axe could not look into is a page nobody has checked.
  const unseen = incomplete.filter((each) => each.id === "frame-tested");
  const found = [...violations, ...unseen].flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}\n  ${node.target.join(" ")}\n  ${node.any.map((check) => check.message).join(" ")}`),
  );
  expect(found, `${where}\n${found.join("\n")}`).toEqual([]);
}

/** Asks axe about the page in light, and about its colours in dark. */
export async function expectAccessibleInBothSchemes(page: Page, where: string): Promise<void> {
  for (const scheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", scheme);
    for (const frame of await page.locator("iframe").all())
      await expect(frame.contentFrame().locator("html")).toHaveAttribute("data-theme", scheme);
    await expectAccessible(page, `${where}, ${scheme}`, { colours: scheme === "dark" });
  }
}

/** @returns milliseconds until `look` was true, asking again and again; rejects after `limitMs`. */
export async function timeUntil(look: () => Promise<boolean>, limitMs: number, from = performance.now()): Promise<number> {
  for (;;) {
    const done = await look();
    const ms = performance.now() - from;
    if (done && ms <= limitMs) return Math.round(ms);
    if (ms > limitMs) throw new Error(`${done ? `took ${Math.round(ms)} ms, more than the` : "not within"} ${limitMs} ms allowed`);
  }
}

/** Written beside the test's result, so that a run shows what was measured. */
export function measured(what: string, ms: number): void {
  base.info().annotations.push({ type: "measured", description: `${what}: ${ms} ms` });
  console.log(`    measured ${what}: ${ms} ms`);
}

const needed = (name: string): string => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; journeys run through playwright.config.ts, whose set-up starts the product.`);
  return value;
};

/** Journeys on the shared product with its demo: signed in as its administrator, and failing on anything a page complains of. */
export const test = base.extend<
  { faults: string[]; quiet: undefined },
  { studioUrl: string; gatewayUrl: string; rest: Rest; session: Session }
>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of what a fixture needs from its pattern.
  studioUrl: [async ({}, use) => use(needed("PORTICO_STUDIO_URL")), { scope: "worker" }],
  // biome-ignore lint/correctness/noEmptyPattern: as above.
  gatewayUrl: [async ({}, use) => use(needed("PORTICO_GATEWAY_URL")), { scope: "worker" }],
  rest: [async ({ studioUrl }, use) => use(restOf(studioUrl, needed("PORTICO_ADMIN_TOKEN"))), { scope: "worker" }],
  session: [
    async ({ studioUrl }, use) => use(await signIn(studioUrl, needed("PORTICO_ADMIN_EMAIL"), needed("PORTICO_ADMIN_PASSWORD"))),
    { scope: "worker" },
  ],
  storageState: ({ session }, use) => use(session),
  baseURL: ({ studioUrl }, use) => use(studioUrl),
  faults: async ({ context }, use) => use(watchFaults(context)),
  quiet: [
    async ({ faults }, use) => {
      await use(undefined);
      expect(faults, "what the pages complained of").toEqual([]);
    },
    { auto: true },
  ],
});
