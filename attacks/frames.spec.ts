import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Frame, Page } from "@playwright/test";
import { expect, type Rest, test } from "../e2e/support.ts";

const command = `file://${fileURLToPath(new URL("./fixtures/frame-plugin.ts", import.meta.url))}`;

// A trace looks into pages, and for a browser that is somebody's click.
test.use({ trace: "off" });

let path = "";
let vendor: Server;
test.beforeAll(async ({ rest }) => {
  const made = await rest("POST", "/api/v1/plugins", { name: "Frames", command, is_active: true });
  expect(made.status, made.text).toBe(201);
  path = `/api/v1/plugins/${made.data.id}`;
  // It may have a page, and nothing else.
  expect((await rest("POST", `${path}/approve-scopes`, { approved: true })).status).toBe(200);
  await expect.poll(async () => (await rest("GET", path)).data.attributes.state).toBe("healthy");
  expect((await rest("GET", path)).data.attributes.ui_trusted).toBe(false);
  vendor = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/html", "set-cookie": "session=ps_vendor; Path=/" });
    response.end("<title>taken over</title><script>document.title='taken over ' + location.origin</script>");
  });
  await new Promise<void>((resolve) => vendor.listen(0, "127.0.0.1", resolve));
});
test.afterAll(async ({ rest }) => {
  vendor.close();
  await rest("DELETE", path);
});

// These pages make their browser complain; that is what they are for.
test.beforeEach(async ({ context }) => {
  await context.route(
    ({ hostname }) => hostname === "foreign.test",
    (route) => route.fulfill({ body: "elsewhere" }),
  );
});
test.afterEach(({ faults }) => void faults.splice(0));

/**
 * Opens the attacking element at a place and resolves when it has done what it does there, and the page has answered the call it makes
 * afterwards. The page is not looked into meanwhile: for a browser, a look by Playwright is a person's doing.
 */
async function attack(page: Page, name: string): Promise<string> {
  const called = page.waitForResponse((response) => response.url().endsWith("/rpc/echo"));
  await page.goto(`/admin/attack/${name}`);
  const address = page.url();
  await called;
  await page.waitForLoadState("networkidle");
  return address;
}

const frameOf = async (page: Page, part: string): Promise<Frame> => {
  await expect.poll(() => page.frames().some((frame) => frame.url().includes(part))).toBe(true);
  return page.frames().find((frame) => frame.url().includes(part)) as Frame;
};

for (const [what, name] of [
  ["the page away or open anything", "links"],
  ["the address bar to another page's address", "routes"],
] as const) {
  test(`a sandboxed element does not lead ${what} without a click`, async ({ page, context }) => {
    const asked: string[] = [];
    const shown: string[] = [];
    context.on("request", (request) => asked.push(request.url()));
    page.on("framenavigated", (frame) => void (frame === page.mainFrame() && shown.push(frame.url())));
    const address = await attack(page, name);
    expect(new Set([...shown, page.url()])).toEqual(new Set([address]));
    await expect(page).toHaveTitle(/Portico/);
    await expect(page.getByRole("dialog")).toHaveCount(0);
    expect(context.pages()).toHaveLength(1);
    expect(asked.filter((url) => /foreign\.test|\/proxy\/|page\.html|\/portal\/apps/.test(url))).toEqual([]);
  });
}

test("a sandboxed element opens no dialog without a click, and keeps nobody on its page", async ({ page }) => {
  const dialogs: string[] = [];
  page.on("dialog", (dialog) => {
    dialogs.push(`${dialog.type()} ${dialog.message()}`);
    void dialog.dismiss();
  });
  await attack(page, "dialogs");
  // Somebody who has used the page may be asked on leaving by pages that are free to ask.
  await (await frameOf(page, "/plugin-frame/")).locator("h1").click();
  await page.goto("/admin");
  await expect(page).toHaveURL(/\/admin$/);
  expect(dialogs).toEqual([]);
});

test("a frame that leaves its page reaches nobody with what it takes along", async ({ page, context }) => {
  const asked: string[] = [];
  context.on("request", (request) => asked.push(request.url()));
  await page.goto("/admin/attack/self");
  const address = page.url();
  await expect(page.getByText("could not show its page")).toBeVisible();
  expect(page.url()).toBe(address);
  expect(asked.filter((url) => url.includes("foreign.test"))).toEqual([]);
});

test("a link that leads elsewhere names the host and is opened by whoever reads that, not by the plugin", async ({ page, context }) => {
  const address = await attack(page, "nothing");
  const frame = await frameOf(page, "/plugin-frame/");
  await frame.locator("#away").click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("foreign.test");
  await expect(dialog).toContainText("https://foreign.test/away?data");
  expect(context.pages()).toHaveLength(1);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toHaveCount(0);
  expect(context.pages()).toHaveLength(1);

  for (const button of ["left", "middle"] as const) {
    await frame.locator("#away").click({ button });
    const opened = context.waitForEvent("page");
    await dialog.getByRole("link", { name: "Open" }).click();
    const other = await opened;
    await other.waitForURL("https://foreign.test/away?data");
    expect(await other.evaluate(() => opener)).toBeNull();
    await other.close();
    await expect(dialog).toHaveCount(0);
  }
  expect(page.url()).toBe(address);
  await frame.locator("#inside").click();
  await expect(page).toHaveURL(/\/admin\/llms$/);
});

/** Tries to run a script of the plugin in a frame inside its frame, in every way that puts one there. */
const nestedRealms = (source: string) => {
  const inner = `<script src="${source}"></script>`;
  const quoted = `srcdoc='${inner}'`;
  const heard: unknown[] = [];
  addEventListener("message", ({ data }) => heard.push(data));
  const frame = () => document.createElement("iframe");
  const place = document.body.appendChild(document.createElement("div"));
  const ways: Record<string, () => HTMLIFrameElement | null> = {
    property: () => Object.assign(frame(), { srcdoc: inner }),
    attribute: () => {
      const made = frame();
      made.setAttribute("srcdoc", inner);
      return made;
    },
    node: () => {
      const made = frame();
      const attribute = document.createAttribute("srcdoc");
      attribute.value = inner;
      made.setAttributeNode(attribute);
      return made;
    },
    html: () => {
      const holder = document.createElement("div");
      holder.innerHTML = `<iframe ${quoted}></iframe>`;
      return holder.querySelector("iframe");
    },
    nestedWord: () => {
      const holder = document.createElement("div");
      holder.innerHTML = `<iframe srcsrcdocdoc='${inner}'></iframe>`;
      return holder.querySelector("iframe");
    },
    adopted: () => document.adoptNode(new DOMParser().parseFromString(`<iframe ${quoted}></iframe>`, "text/html")).querySelector("iframe"),
    entity: () => {
      const xml = `<!DOCTYPE x [<!ENTITY e "&#60;h:iframe xmlns:h='http://www.w3.org/1999/xhtml' s&#114;cdoc='&#38;lt;script src=&#38;quot;${source}&#38;quot;>&#38;lt;/script>'/>">]><x>&e;</x>`;
      const found = new DOMParser().parseFromString(xml, "text/xml").querySelector("iframe");
      return found && (document.importNode(found, true) as HTMLIFrameElement);
    },
    shadow: () => {
      const host = place.appendChild(document.createElement("div"));
      host.attachShadow({ mode: "closed" }).innerHTML = `<iframe ${quoted}></iframe>`;
      return null;
    },
    blank: frame,
  };
  const results: Record<string, unknown> = {};
  const loaded = Object.entries(ways).map(async ([name, make]) => {
    try {
      const made = make();
      if (!made) return;
      const ready = new Promise((resolve) => made.addEventListener("load", resolve));
      place.append(made);
      try {
        results[name] = typeof (made.contentWindow as unknown as { RTCPeerConnection: unknown }).RTCPeerConnection;
      } catch {
        results[name] = "out of reach";
      }
      await ready;
    } catch {
      results[name] = "refused";
    }
  });
  return Promise.all(loaded)
    .then(() => new Promise((resolve) => setTimeout(resolve)))
    .then(() => ({ heard, results, frames: window.length }));
};

const peerNames = [
  "RTCPeerConnection",
  "webkitRTCPeerConnection",
  "mozRTCPeerConnection",
  "RTCDataChannel",
  "RTCIceTransport",
  "WebTransport",
];

for (const [kind, address, part] of [
  ["element", "/admin/attack/nothing", "/plugin-frame/"],
  ["HTML page", "/admin/attack-page", "page.html"],
] as const) {
  test(`a sandboxed ${kind} has no peer connections, and no nested frame gives them back`, async ({ page }) => {
    await page.goto(address);
    const frame = await frameOf(page, part);
    await frame.locator("h1").waitFor();
    const found = await frame.evaluate((names) => {
      for (const name of names) {
        Reflect.deleteProperty(window, name);
        Reflect.set(window, name, class {});
      }
      return {
        usable: names.filter((name) => (window as unknown as Record<string, unknown>)[name] !== undefined),
        left: Object.getOwnPropertyNames(window).filter(
          (name) => /RTC|PeerConnection|WebTransport/.test(name) && (window as unknown as Record<string, unknown>)[name] !== undefined,
        ),
      };
    }, peerNames);
    expect(found).toEqual({ usable: [], left: [] });

    const script = await frame.evaluate(() => [...document.scripts].map(({ src }) => src).find((src) => src !== "") ?? "");
    const nested = await frame.evaluate(nestedRealms, new URL("nested.js", script).href);
    expect(nested.frames).toBeGreaterThan(3);
    expect(nested.heard).toEqual([]);
    for (const [name, result] of Object.entries(nested.results)) expect(["out of reach", "refused"], name).toContain(result);
    expect(await frame.evaluate(() => (window as unknown as { heard?: unknown[] }).heard ?? [])).toEqual([]);
  });
}

test("a plugin's HTML file is not shown as a page of the dashboard", async ({ page, rest }) => {
  const { list } = await rest("GET", "/api/v1/plugins/ui-registry");
  const row = (list as unknown as { frame_url: string }[]).find(({ frame_url }) => frame_url?.endsWith("/ui/page.html"));
  const download = page.waitForEvent("download");
  await page.goto(row?.frame_url ?? "").catch((error: Error) => expect(error.message).toMatch(/Download is starting|ERR_ABORTED/));
  await (await download).cancel();
  expect(page.url()).toBe("about:blank");
});

async function hostileLlm(rest: Rest): Promise<string> {
  const api_endpoint = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}/v1`;
  const llm = await rest("POST", "/api/v1/llms", { name: `Hostile ${Date.now()}`, vendor: "openai", api_endpoint, api_key: "k" });
  expect(llm.status, llm.text).toBe(201);
  return llm.data.id;
}

test("a vendor's HTML does not run on the dashboard's origin, and its cookies do not replace the session", async ({
  page,
  rest,
  context,
}) => {
  const id = await hostileLlm(rest);
  try {
    const before = JSON.stringify((await context.cookies()).map(({ name, value }) => [name, value]).sort());
    for (const rest of ["v1/models", "html"]) {
      const answer = await page.goto(`/api/v1/llms/${id}/proxy/${rest}`);
      expect(answer?.status()).toBe(403);
      expect(await page.title()).not.toContain("taken over");
    }
    await page.goto("/admin");
    const fetched = await page.evaluate(async (url) => {
      const token = (await fetch("/csrf-token")).headers.get("x-csrf-token") ?? "";
      const plain = await fetch(url);
      const answer = await fetch(url, { headers: { "x-csrf-token": token } });
      return { plain: plain.status, status: answer.status, type: answer.headers.get("content-type"), text: await answer.text() };
    }, `/api/v1/llms/${id}/proxy/v1/models`);
    expect(fetched).toMatchObject({
      plain: 403,
      status: 200,
      type: "application/octet-stream",
      text: expect.stringContaining("taken over"),
    });
    expect(JSON.stringify((await context.cookies()).map(({ name, value }) => [name, value]).sort())).toBe(before);
  } finally {
    await rest("DELETE", `/api/v1/llms/${id}`);
  }
});

test.describe("the sign-in page", () => {
  const tricks = ["/%09/foreign.test/x", "/%0a/foreign.test/x", "/%5Cforeign.test/x"];

  test("sends nobody who is signed in to another site", async ({ page, studioUrl }) => {
    for (const trick of tricks) {
      await page.goto(`/login?next=${trick}`);
      await expect(page, trick).toHaveURL(`${studioUrl}/admin`);
    }
  });

  test("sends nobody to another site after signing in", async ({ browser, studioUrl }) => {
    const email = process.env.PORTICO_ADMIN_EMAIL ?? "";
    const password = process.env.PORTICO_ADMIN_PASSWORD ?? "";
    const context = await browser.newContext({ baseURL: studioUrl, storageState: { cookies: [], origins: [] } });
    const page = await context.newPage();
    await page.goto(`/login?next=${tricks[0]}`);
    await page.getByLabel("E-mail").fill(email);
    await page.getByRole("textbox", { name: "Password" }).fill(password);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page).toHaveURL(`${studioUrl}/admin`);
    await context.close();
  });
});
