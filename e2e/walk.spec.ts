import { execFileSync } from "node:child_process";
import { join } from "node:path";
import Anthropic from "@anthropic-ai/sdk";
import { type BrowserContext, expect, type Page, test } from "@playwright/test";
import OpenAI from "openai";
import { aStack, type Stack } from "../packages/testkit/src/index.ts";
import { expectAccessible, isRefusal, measured, type Rest, restOf, settled, signIn, timeUntil, watchFaults } from "./support.ts";

// One newcomer's way through an empty installation: each step stands on the one before.
test.describe.configure({ mode: "serial" });
test.use({ actionTimeout: 15_000 });

const key = "sk-walk-9f2c7be1d4";
const commandOf = (plugin: string) => `file://${join(import.meta.dirname, "..", "plugins", plugin, "plugin.ts")}`;

let stack: Stack;
let rest: Rest;
let admin: BrowserContext;
let page: Page;
let faults: string[];
let secret = "";
const calls = { total: 0 };

test.beforeAll(async ({ browser }) => {
  stack = await aStack({ demo: false });
  rest = restOf(stack.studioUrl, stack.admin.token);
  admin = await browser.newContext({ baseURL: stack.studioUrl });
  faults = watchFaults(admin);
  page = await admin.newPage();
});
test.afterAll(async () => {
  await admin?.close();
  await stack?.close();
});
test.afterEach(() => {
  expect(faults.splice(0).filter((fault) => !isRefusal(fault))).toEqual([]);
});

const go = (label: string) => page.getByRole("navigation", { name: "Pages", exact: true }).getByRole("link", { name: label }).click();
const fact = (of: Page, term: string) =>
  of
    .locator("dl > div", { has: of.locator("dt", { hasText: term }) })
    .locator("dd")
    .first();
const choose = async (label: string, option: string | RegExp) => {
  await page.getByRole("combobox", { name: label }).click();
  await page.getByRole("option", { name: option }).click();
};
const attributesOf = async (path: string) => (await rest("GET", path)).data.attributes;

const openai = (llm = "walk-gpt") =>
  new OpenAI({ baseURL: `${stack.gatewayUrl}/llm/call/${llm}/v1`, apiKey: secret, maxRetries: 0, timeout: 10_000 });
const ask = (content = "Hello") => {
  calls.total += 1;
  return openai().chat.completions.create({ model: "demo-small", messages: [{ role: "user", content }] });
};
const statusOfAsking = (content?: string) =>
  ask(content).then(
    () => 200,
    (error: InstanceType<typeof OpenAI.APIError>) => error.status ?? 0,
  );

test("1: an administrator signs in where they were going and creates an LLM whose key no answer and no page holds again", async () => {
  await page.goto("/admin/llms");
  await expect(page).toHaveURL(/\/login\?next=/);
  await page.getByLabel("E-mail").fill(stack.admin.email);
  await page.getByRole("textbox", { name: "Password" }).fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.locator("form").getByRole("alert")).toContainText("Wrong e-mail or password");
  await page.getByRole("textbox", { name: "Password" }).fill(stack.admin.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/admin\/llms$/);
  await settled(page);
  await expectAccessible(page, "a list with nothing in it");

  await page.getByRole("link", { name: "Create LLM" }).first().click();
  await page.getByLabel("Name").fill("Walk GPT");
  await page.getByRole("textbox", { name: "Endpoint" }).fill(`${stack.vendorUrl}/v1`);
  await page.getByLabel("API key").fill(key);
  await page.getByRole("combobox", { name: "Default model" }).fill("demo-small");
  await page.getByLabel("Short description").fill("For the walk");

  const bodies: Promise<string>[] = [];
  page.on("response", (response) => {
    // The stream of events never ends.
    if (!response.url().endsWith("/api/v1/events")) bodies.push(response.text().catch(() => ""));
  });
  await page.getByRole("button", { name: "Create LLM" }).click();
  await expect(page).toHaveURL(/\/admin\/llms\/1$/);
  await expect(fact(page, "API key")).toHaveText("stored, not shown");
  await page.getByRole("link", { name: "Edit" }).click();
  await expect(page.getByText("Stored value is kept")).toBeVisible();
  await page.reload();
  await expect(page.getByText("Stored value is kept")).toBeVisible();
  page.removeAllListeners("response");
  const inputs = await page.locator("input, textarea").evaluateAll((nodes) => nodes.map((node) => (node as HTMLInputElement).value));
  const seen = [await page.content(), inputs.join("\n"), ...(await Promise.all(bodies))];
  expect(seen.length).toBeGreaterThan(4);
  expect(seen.filter((text) => text.includes(key))).toEqual([]);

  // Saving again without touching the key keeps it: the vendor still answers.
  await page.getByLabel("Short description").fill("For the whole walk");
  await page.getByRole("button", { name: "Save LLM" }).click();
  await expect(page).toHaveURL(/\/admin\/llms\/1$/);
  const answer = await rest("POST", "/api/v1/llms/1/proxy/v1/chat/completions", { messages: [{ role: "user", content: "Hello" }] });
  expect(answer.status, answer.text).toBe(200);
  calls.total += 1;
});

/** Installs a plugin in the browser up to its settings, approving exactly the access it is known to ask for. */
async function install(name: string, command: string, scopes: string[] = []): Promise<void> {
  await go("Plugins");
  await page.getByRole("link", { name: "Install plugin" }).first().click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Command").fill(command);
  await page.getByRole("button", { name: "Review permissions" }).click();
  await expect(page).toHaveURL(/new\?id=\d+$/);
  const asked = page.getByRole("region", { name: "Permissions" });
  if (scopes.length === 0) return expect(asked).toContainText("No permissions needed");
  await expect(asked.getByRole("rowheader")).toHaveText(scopes);
  await expect(page.getByRole("button", { name: "Save and continue" })).toHaveCount(0);
  await expectAccessible(page, `the access that ${name} asks for`);
  await page.getByRole("button", { name: "Approve permissions" }).click();
}
const activate = async (state = "Healthy") => {
  await page
    .getByRole("button", { name: "Save and continue" })
    .or(page.getByRole("button", { name: "Continue" }))
    .click();
  await page.getByRole("button", { name: "Activate plugin" }).click();
  await expect(page).toHaveURL(/\/admin\/plugins\/\d+$/);
  await expect(page.getByRole("heading", { level: 1 }).locator("..")).toContainText(state, { timeout: 20_000 });
};

test("2: a plugin is installed by its command: scopes approved, settings checked by the server at the field, healthy, logged, reloaded, healed", async () => {
  await install("Rules", commandOf("llm-validator"), ["llm.before_create", "llm.before_update"]);
  await activate();

  await install("First", commandOf("request-enricher"));
  const field = page.getByLabel("Instruction");
  await field.fill("x".repeat(4_001));
  const [refusal] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === "PATCH"),
    page.getByRole("button", { name: "Save and continue" }).click(),
  ]);
  expect(refusal.status()).toBe(422);
  const [fault] = ((await refusal.json()) as { errors: { detail: string; source: { pointer: string } }[] }).errors;
  expect(fault?.source.pointer).toContain("additional_instruction");
  // The form's own check may say the same in other words; one of the two is shown.
  await expect(field).toHaveAccessibleDescription(/4000/);
  await expectAccessible(page, "settings refused by the server");
  await field.fill("[first]");
  await activate("Stopped");
  await expect(page.getByText("No gateway runs it yet. Attach it to an LLM.")).toBeVisible();

  await install("Feedback", commandOf("portal-feedback"), ["kv.readwrite", "portal_ui", "studio_ui", "rpc"]);
  await activate();
  const { pathname } = new URL(page.url());
  expect(await attributesOf(`/api/v1${pathname.replace("/admin", "")}`)).toMatchObject({ service_access_authorized: true });

  await page.getByRole("tab", { name: "Log" }).click();
  await expect(page.getByRole("log").locator("time").first()).toBeVisible();
  const before = pidOf("portal-feedback");
  await page.getByRole("button", { name: "Reload" }).click();
  await expect.poll(() => pidOf("portal-feedback", before), { timeout: 15_000 }).toBeGreaterThan(0);
  await page.getByRole("tab", { name: "Overview" }).click();
  await expect(page.getByRole("heading", { level: 1 }).locator("..")).toContainText("Healthy");
  await expect(fact(page, "Restarts")).toHaveText("0");

  const from = performance.now();
  process.kill(pidOf("portal-feedback"), "SIGKILL");
  await expect(fact(page, "Restarts")).toHaveText("1", { timeout: 15_000 });
  await expect(page.getByRole("heading", { level: 1 }).locator("..")).toContainText("Healthy");
  measured("a killed plugin is healed and shown so", Math.round(performance.now() - from));
});

/** The process of a plugin below the studio, unless it is `not`; 0 when there is none. */
function pidOf(plugin: string, not = 0): number {
  const rows = execFileSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" })
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  const parents = new Map(rows.map(([pid, parent]) => [Number(pid), Number(parent)]));
  const isBelow = (pid: number): boolean => pid === stack.pid("studio") || (pid > 1 && isBelow(parents.get(pid) ?? 0));
  const found = rows.find(([pid, , ...args]) => args.join(" ").includes(`plugins/${plugin}/plugin.ts`) && isBelow(Number(pid)));
  const pid = Number(found?.[0] ?? 0);
  return pid === not ? 0 : pid;
}

test("3: plugins are attached to an LLM in an order that is kept, with settings that hold for this LLM only", async () => {
  // The rest as scripts do it: by REST, flat and with a Bearer token.
  for (const [name, plugin, config] of [
    ["Second", "request-enricher", { additional_instruction: "[second]" }],
    ["Stamp", "response-modifier", { rest_modifier: "[stamped]" }],
  ] as const) {
    const made = await rest("POST", "/api/v1/plugins", { name, command: commandOf(plugin), config, is_active: true });
    expect(made.status, made.text).toBe(201);
  }

  await page.goto("/admin/llms/1?tab=plugins");
  const rows = page.getByRole("list", { name: "Plugins in order" }).getByRole("listitem");
  for (const [index, name] of ["Stamp", "First", "Second"].entries()) {
    await choose("Attach plugin", name);
    await expect(rows.nth(index)).toContainText(name);
  }
  const saved = page.waitForResponse((response) => response.request().method() === "PUT");
  await page.getByRole("button", { name: "Move Second earlier" }).click();
  expect((await saved).status()).toBe(200);
  const order = rows.locator("a");
  await expect(order).toHaveText(["Stamp", "Second", "First"]);

  await rows.filter({ hasText: "First" }).getByRole("button", { name: "Override settings" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Instruction" }).fill("[first, here]");
  await expect(dialog.getByRole("list", { name: "Overridden settings" })).toHaveText(/^Instruction/);
  await expectAccessible(page, "settings for one LLM");
  await dialog.getByText("JSON", { exact: true }).click();
  await expect(dialog.getByRole("textbox", { name: "Override" })).toHaveValue(/^\{\s+"additional_instruction": "\[first, here\]"\s+\}$/);
  await expect(dialog.getByRole("region", { name: "merged settings" })).toContainText("[first, here]");
  await dialog.getByRole("button", { name: "Save override" }).click();
  await expect(dialog).toBeHidden();
  await expect(rows.filter({ hasText: "Settings overridden" }).locator("a")).toHaveText(["First"]);
  await page.reload();
  await expect(order).toHaveText(["Stamp", "Second", "First"]);
  expect((await rest("GET", "/api/v1/llms/1/plugins")).list.map(({ attributes }) => attributes.name)).toEqual(["Stamp", "Second", "First"]);
  await rows.getByRole("link", { name: "First" }).click();
  await expect(page.getByRole("heading", { level: 1 }).locator("..")).toContainText("Healthy", { timeout: 20_000 });
});

test("4: vendors' own clients pass through an app's credential, enriched and modified; tokens, cost and latency are on the overview within 5 s", async () => {
  const claude = await rest("POST", "/api/v1/llms", {
    name: "Walk Claude",
    vendor: "anthropic",
    api_endpoint: stack.vendorUrl,
    api_key: key,
    default_model: "claude-demo",
    short_description: "For the walk",
  });
  expect(claude.status, claude.text).toBe(201);
  await rest("PUT", `/api/v1/llms/${claude.data.id}/plugins`, {
    plugin_ids: (await rest("GET", "/api/v1/llms/1/plugins")).list.map(({ id }) => Number(id)),
  });
  // A model that was called has a price of nothing since; the other has none yet.
  const [unpriced] = (await rest("GET", "/api/v1/model-prices?q=demo-small")).list;
  expect((await rest("PATCH", `/api/v1/model-prices/${unpriced?.id}`, { cpt: 0.01, cpit: 0.01 })).status).toBe(200);
  const price = await rest("POST", "/api/v1/model-prices", { model_name: "claude-demo", vendor: "anthropic", cpt: 0.01, cpit: 0.01 });
  expect(price.status, price.text).toBe(201);

  await go("Apps");
  await page.getByRole("link", { name: "Create app" }).first().click();
  await page.getByLabel("Name").fill("Walk app");
  await choose("LLMs", "Walk GPT");
  await page.getByRole("option", { name: "Walk Claude" }).click();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Create app" }).click();
  const shown = page.getByRole("status").filter({ hasText: "shown only this once" });
  secret = (await shown.locator("code").textContent()) ?? "";
  expect(secret).toMatch(/^pk_/);
  await expectAccessible(page, "a new secret");
  await page.reload();
  await expect(page.getByRole("heading", { name: "Walk app" })).toBeVisible();
  expect(await page.content()).not.toContain(secret);

  await go("Overview");
  await settled(page);
  const requests = fact(page, "Requests");
  await expect(requests).toHaveText(String(calls.total));

  // The edge has the app and the plugins as soon as it acknowledged them.
  await expect.poll(() => statusOfAsking(), { intervals: [50], timeout: 10_000 }).toBe(200);
  const { data: plain, response } = await ask("Plain words").withResponse();
  expect(response.headers.get("x-plugin-modified")).toBe("true");
  expect(plain.choices[0]?.message.content).toMatch(/Plain words[\s\S]*\[second\][\s\S]*\[first, here\][\s\S]*\[stamped\]/);
  expect(plain.usage?.total_tokens).toBeGreaterThan(0);

  const stream = await openai().chat.completions.create({
    model: "demo-small",
    messages: [{ role: "user", content: "Streamed words" }],
    stream: true,
  });
  calls.total += 1;
  let streamed = "";
  for await (const chunk of stream) streamed += chunk.choices[0]?.delta.content ?? "";
  expect(streamed).toMatch(/Streamed words[\s\S]*\[second\][\s\S]*\[first, here\]/);

  const anthropic = new Anthropic({ baseURL: `${stack.gatewayUrl}/llm/call/walk-claude`, apiKey: secret, maxRetries: 0, timeout: 10_000 });
  const say = (content: string) => ({ model: "claude-demo", max_tokens: 200, messages: [{ role: "user" as const, content }] });
  const message = await anthropic.messages.create(say("Claude's words"));
  calls.total += 1;
  expect(JSON.stringify(message.content)).toMatch(/Claude's words.*\[second\].*\[first\].*\[stamped\]/);
  const events = anthropic.messages.stream(say("Claude's stream"));
  expect(await events.finalText()).toMatch(/Claude's stream[\s\S]*\[second\][\s\S]*\[first\]/);
  calls.total += 1;

  const proxied = await rest("POST", "/api/v1/llms/1/proxy/v1/chat/completions", { messages: [{ role: "user", content: "By curl" }] });
  expect(proxied.status, proxied.text).toBe(200);
  expect(proxied.text).toMatch(/By curl.*\[second\].*\[first, here\].*\[stamped\]/s);
  calls.total += 1;

  const from = performance.now();
  await expect(requests).toHaveText(String(calls.total), { timeout: 5_000 });
  await expect(fact(page, "Tokens")).not.toHaveText("0");
  await expect(fact(page, "Cost")).toHaveText(/[1-9]/);
  await expect(fact(page, "Latency, p50")).toHaveText(/[1-9].*ms|µs/);
  measured("the last call is on the overview", Math.round(performance.now() - from));
  await expect(
    page
      .getByRole("table", { name: "Recent calls" })
      .getByRole("row", { name: /Walk Claude.*claude-demo/ })
      .first(),
  ).toBeVisible();
});

test("5: an LLM that a validator forbids is not written: the form says why, REST answers 422 hook_rejected and names the plugin", async () => {
  const before = await rest("GET", "/api/v1/llms");
  await go("LLMs");
  await page.getByRole("link", { name: "Create LLM" }).first().click();
  await page.getByLabel("Name").fill("Forbidden");
  await page.getByRole("textbox", { name: "Endpoint" }).fill("http://example.com/v1");
  await page.getByLabel("Short description").fill("Not over HTTPS");
  await page.getByRole("button", { name: "Create LLM" }).click();
  const reason = page.locator("form").getByRole("alert");
  await expect(reason).toContainText("Rules rejected this");
  await expect(reason).toContainText("API endpoint must use HTTPS");
  await expect(page).toHaveURL(/\/admin\/llms\/new$/);
  await expectAccessible(page, "a form that a plugin refused");
  // Mended, the same form saves.
  const refused = await rest("POST", "/api/v1/llms", { name: "Forbidden", vendor: "openai", api_endpoint: "http://example.com/v1" });
  expect(refused.status).toBe(422);
  expect(refused.errors[0]).toMatchObject({ code: "hook_rejected", detail: expect.stringContaining("HTTPS"), meta: { plugin: "Rules" } });
  expect((await rest("GET", "/api/v1/llms")).total).toBe(before.total);
  await page.getByRole("textbox", { name: "Endpoint" }).fill("https://example.com/v1");
  await page.getByRole("button", { name: "Create LLM" }).click();
  await expect(page.getByRole("heading", { name: "Forbidden" })).toBeVisible();
  expect((await rest("GET", "/api/v1/llms")).total).toBe(before.total + 1);
});

test("6: a plugin's portal form is for its group only; what was sent is in its admin page, after a restart of the studio too, framed or trusted", async ({
  browser,
}) => {
  const people = {} as Record<"Ida" | "Olaf", BrowserContext>;
  const group = await rest("POST", "/api/v1/groups", { name: "Feedback" });
  expect(group.status, group.text).toBe(201);
  for (const name of ["Ida", "Olaf"] as const) {
    await go("Users");
    await page.getByRole("link", { name: "Create user" }).first().click();
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("E-mail").fill(`${name.toLowerCase()}@portico.local`);
    await page.getByRole("textbox", { name: "Password" }).fill("correct horse battery");
    if (name === "Ida") {
      await choose("Groups", "Feedback");
      await page.keyboard.press("Escape");
    }
    await page.getByRole("button", { name: "Create user" }).click();
    await expect(page).toHaveURL(/\/admin\/users$/);
    const storageState = await signIn(stack.studioUrl, `${name.toLowerCase()}@portico.local`, "correct horse battery");
    people[name] = await browser.newContext({ baseURL: stack.studioUrl, storageState });
  }
  const feedbackId = (await rest("GET", "/api/v1/plugins?q=Feedback")).data as unknown as { id: string }[];
  const rpc = `/common/plugins/${feedbackId[0]?.id}/portal-rpc/submit_feedback`;

  const ida = await people.Ida.newPage();
  const idasFaults = watchFaults(people.Ida);
  const send = async (title: string, framed: boolean) => {
    await ida.goto("/portal");
    await ida.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Give feedback" }).click();
    await expect(ida.getByText("Loading the plugin's page")).toBeHidden();
    await expect(ida.locator("iframe")).toHaveCount(framed ? 1 : 0);
    const form = framed ? ida.locator("iframe").contentFrame() : ida.locator("main");
    await form.getByRole("textbox", { name: "Title" }).fill(title);
    await form.getByRole("textbox", { name: "Message" }).fill("It does what it says.");
    await form.getByRole("radio", { name: /4/ }).check({ force: true });
    await form.getByRole("button", { name: "Send feedback" }).click();
    await expect(form.getByText("Thank you.")).toBeVisible();
    await expectAccessible(ida, `the portal form, ${framed ? "framed" : "trusted"}`);
  };
  const expectInAdmin = async (title: string, framed: boolean) => {
    await page.goto("/admin/feedback");
    await settled(page);
    const view = framed ? page.locator("iframe").contentFrame() : page.locator("main");
    await expect(view.getByRole("row", { name: new RegExp(`Ida.*${title}`) })).toBeVisible();
    await expectAccessible(page, `the admin page, ${framed ? "framed" : "trusted"}`);
  };

  await send("From a frame", true);
  const olaf = await people.Olaf.newPage();
  await olaf.goto("/portal");
  await settled(olaf);
  await expect(olaf.getByRole("link", { name: "Give feedback" })).toHaveCount(0);
  await olaf.goto("/portal/plugins/feedback");
  await expect(olaf.getByRole("heading", { name: "There is no such page" })).toBeVisible();
  await expect(olaf.locator("iframe")).toHaveCount(0);
  const csrf = (await people.Olaf.request.get("/csrf-token")).headers()["x-csrf-token"] ?? "";
  const refused = await people.Olaf.request.post(rpc, { data: { title: "x", message: "x", rating: 5 }, headers: { "x-csrf-token": csrf } });
  expect(refused.status()).toBe(403);
  await olaf.goto("/admin");
  await expect(olaf.getByRole("heading", { name: "This area is for administrators" })).toBeVisible();

  await expectInAdmin("From a frame", true);
  await Promise.all([page.goto("about:blank"), ida.goto("about:blank"), olaf.goto("about:blank")]);
  await stack.stop("studio");
  await stack.start("studio");
  await expectInAdmin("From a frame", true);

  await page.goto(`/admin/plugins/${feedbackId[0]?.id}`);
  await page.getByRole("switch", { name: "Trust pages" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Trust pages" }).click();
  await expect(page.getByRole("switch", { name: "Trust pages" })).toBeChecked();
  await send("From the page itself", false);
  await expectInAdmin("From the page itself", false);
  expect(idasFaults).toEqual([]);
  for (const context of Object.values(people)) await context.close();
});

const edge = async () => (await rest("GET", "/api/v1/edges/local")).data.attributes;

test("7: the gateway obeys a change within 1 s, goes on and even starts without the studio, books what it did meanwhile, and refuses a revoked credential within 1 s", async () => {
  const before = await edge();
  expect(await statusOfAsking()).toBe(200);
  await page.goto("/admin/llms/1/edit");
  const models = page.getByRole("combobox", { name: "Allowed models" });
  await models.fill("^demo-large$");
  await models.press("Enter");
  const saved = page.waitForResponse((response) => response.request().method() === "PATCH");
  await page.getByRole("button", { name: "Save LLM" }).click();
  expect((await saved).status()).toBe(200);
  measured("the gateway obeys a change of an LLM", await timeUntil(async () => (await statusOfAsking()) === 403, 1_000));

  await go("Edges");
  await page.getByRole("link", { name: "local" }).click();
  await expect(page.getByText("In sync")).toBeVisible();
  // The gateway obeys a moment before its acknowledgement is stored.
  await expect.poll(async () => Number((await edge()).loaded_version)).toBeGreaterThan(Number(before.loaded_version));
  const after = await edge();
  await expect(fact(page, "Version")).toHaveText(String(after.loaded_version));
  await expect(fact(page, "Checksum")).toContainText(String(after.loaded_checksum));
  await expect(fact(page, "Acknowledged").locator("time")).toHaveAttribute("datetime", String(after.last_sync_ack));
  await rest("PATCH", "/api/v1/llms/1", { allowed_models: [] });
  await timeUntil(async () => (await statusOfAsking()) === 200, 1_000);

  await page.goto("about:blank");
  await stack.stop("studio");
  expect((await ask("Without the studio")).choices[0]?.message.content).toContain("Without the studio");
  await stack.stop("gateway");
  const from = performance.now();
  await stack.start("gateway");
  expect((await ask("From the last good snapshot")).choices[0]?.message.content).toMatch(
    /last good[\s\S]*\[first, here\][\s\S]*\[stamped\]/,
  );
  measured("a gateway without studio starts and answers", Math.round(performance.now() - from));
  await stack.start("studio");

  await page.goto("/admin");
  await expect.poll(async () => (await edge()).status, { timeout: 20_000 }).toBe("connected");
  await expect(fact(page, "Requests")).toHaveText(String(calls.total), { timeout: 15_000 });

  await page.goto("/admin/apps");
  await page.getByRole("link", { name: "Walk app" }).click();
  await page.getByRole("button", { name: /^Revoke / }).click();
  const dialog = page.getByRole("dialog");
  const revoked = page.waitForResponse((response) => response.request().method() === "DELETE");
  expect(await statusOfAsking()).toBe(200);
  await dialog.getByRole("button", { name: "Revoke credential" }).click();
  expect((await revoked).status()).toBe(204);
  measured("the gateway refuses a revoked credential", await timeUntil(async () => (await statusOfAsking()) === 401, 1_000));
  await expect(page.getByText("None yet.")).toBeVisible();
});
