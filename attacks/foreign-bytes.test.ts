import { createServer, request as httpRequest, type OutgoingHttpHeaders, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { anApp, anLlm } from "../gateway/test/hub.ts";
import { aWorld, basicSnapshot, call, chat, chatPath, endWorlds, secret, until, type World } from "../gateway/test/world.ts";
import { createCsrf } from "../server/auth/csrf.ts";
import { createVersions } from "../server/db/versions.ts";
import type { Endpoint } from "../server/http/endpoint.ts";
import { mountEndpoints } from "../server/http/mount.ts";
import { createProxyTrust } from "../server/http/proxies.ts";
import { createListener } from "../server/http/server.ts";
import { aPlugin } from "../server/plugins/test/harness.ts";
import { aStudio, type Studio } from "../server/testing.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const fixture = (name: string) => `file://${fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))}`;
const servers: Server[] = [];
async function listening(handle: RequestListener): Promise<string> {
  const server = createServer(handle);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Everything by which an answer can act on an origin, its visitors, or a proxy in front. */
const hostile: OutgoingHttpHeaders = {
  "set-cookie": ["session=ps_vendor; Path=/", "portico_csrf=evil; Path=/"],
  "access-control-allow-origin": "https://evil.test",
  "access-control-allow-credentials": "true",
  "access-control-expose-headers": "*",
  "clear-site-data": '"storage"',
  "service-worker-allowed": "/",
  "strict-transport-security": "max-age=31536000",
  "content-security-policy": "default-src *",
  "content-security-policy-report-only": "default-src 'none'; report-uri https://evil.test",
  refresh: "0;url=https://evil.test",
  link: '<https://evil.test/x.js>; rel="preload"',
  location: "https://evil.test/next",
  "content-location": "https://evil.test/next",
  "operation-location": "https://evil.test/operations/1",
  "alt-svc": 'h2="evil.test:443"',
  nel: '{"report_to":"x","max_age":1}',
  "report-to": '{"group":"x","max_age":1,"endpoints":[{"url":"https://evil.test"}]}',
  "speculation-rules": '"https://evil.test/rules.json"',
  "x-accel-redirect": "/internal/secret",
  "x-sendfile": "/etc/passwd",
  "x-frame-options": "ALLOWALL",
  "www-authenticate": 'Basic realm="Sign in again"',
};
const expectNothingHostile = (headers: Headers, where: string) => {
  const own = new Set(["content-security-policy", "x-frame-options"]);
  expect(
    [...headers.keys()].filter((name) => name in hostile && !own.has(name)),
    where,
  ).toEqual([]);
  expect(headers.get("content-security-policy"), where).toMatch(/^sandbox; default-src 'none'/);
  expect(headers.get("x-content-type-options"), where).toBe("nosniff");
};

/** Types that a browser renders, runs or hands to a viewer; the last ones hide such a type behind another. */
const rendered = [
  ...["text/html", "TEXT/HTML; charset=utf-8", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml", "application/pdf"],
  ...[
    "text/javascript",
    "multipart/x-mixed-replace; boundary=x",
    "application/json, text/html",
    "text/plain;x=1, text/html",
    "text/html\u00a0",
    "",
  ],
];
const page = "<script>document.title='run'</script>";

let studio: Studio;
let studioUrl: string;
let llmId: string;
let answerWith: { type: string; status: number };
beforeAll(async () => {
  const gatewayUrl = await listening((request, response) => {
    request.resume();
    const headers = {
      ...hostile,
      "x-ratelimit-remaining-requests": "9",
      "retry-after": "3",
      "openai-processing-ms": "5",
      "cache-control": "public",
    };
    response.writeHead(answerWith.status, { ...headers, ...(answerWith.type === "" ? {} : { "content-type": answerWith.type }) }).end(page);
  });
  studio = await aStudio({ env: { PORTICO_GATEWAY_URL: gatewayUrl } });
  const pages: Parameters<typeof createListener>[0]["pages"] = {
    handle: async (_request, response) => void response.end("a page"),
    contentSecurityPolicy: () => "default-src 'self'",
    close: async () => {},
  };
  studioUrl = await listening(createListener({ application: studio.runtime.application, pages, logger: studio.runtime.logger }));
  const llm = await studio.call("POST", "/api/v1/llms", {
    name: "Vendor",
    vendor: "openai",
    api_endpoint: "http://127.0.0.1:9/v1",
    api_key: "k",
  });
  llmId = llm.data.id;
});
afterAll(async () => {
  await endWorlds();
  for (const server of servers) server.close();
  await studio.close();
});

const proxyPath = () => `/api/v1/llms/${llmId}/proxy/v1/models`;
const bearer = () => ({ authorization: `Bearer ${studio.admin.token}` });

/** A browser of the administrator: the cookies it holds after signing in, and the token its pages repeat. */
async function aBrowser(): Promise<{ cookie: string; token: string }> {
  const { fetch: ask } = studio.runtime.application;
  const cookiesOf = (answer: Response) => answer.headers.getSetCookie().map((one) => one.split(";", 1)[0]);
  const visit = async (cookie: string) => ask(new Request(`${studioUrl}/csrf-token`, { headers: cookie ? { cookie } : {} }));
  const first = await visit("");
  const jar = cookiesOf(first);
  const { firstAdmin } = studio.runtime.env;
  const body = JSON.stringify({ email: firstAdmin?.email, password: firstAdmin?.password });
  const headers = { cookie: jar.join("; "), "x-csrf-token": first.headers.get("x-csrf-token") ?? "", "content-type": "application/json" };
  const signedIn = await ask(new Request(`${studioUrl}/auth/login`, { method: "POST", headers, body }));
  expect(signedIn.status).toBe(200);
  jar.push(...cookiesOf(signedIn));
  const second = await visit(jar.join("; "));
  jar.push(...cookiesOf(second));
  return { cookie: jar.join("; "), token: second.headers.get("x-csrf-token") ?? "" };
}

test("a vendor's answer sets no cookie, policy, redirect or CORS header on studio's origin, and is no page there", async () => {
  for (const type of rendered) {
    answerWith = { type, status: 200 };
    const answer = await fetch(studioUrl + proxyPath(), { headers: bearer() });
    expectNothingHostile(answer.headers, type);
    expect(answer.headers.get("content-type"), type).toBe("application/octet-stream");
    expect(answer.headers.get("content-disposition"), type).toBe("attachment");
    expect(answer.headers.get("x-frame-options")).toBe("DENY");
    expect(answer.headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(await answer.text()).toBe(page);
  }
});

test("what a caller of the vendor's API needs still passes studio", async () => {
  for (const type of ["application/json", "application/problem+json; charset=utf-8", "text/event-stream", "text/plain;charset=utf-8"]) {
    answerWith = { type, status: 429 };
    const answer = await fetch(studioUrl + proxyPath(), { headers: bearer() });
    expect(answer.status).toBe(429);
    expect(answer.headers.get("content-disposition")).toBeNull();
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": type,
      "retry-after": "3",
      "x-ratelimit-remaining-requests": "9",
      "openai-processing-ms": "5",
    });
  }
});

test("the proxy is not opened as a page or in a frame, whoever is signed in", async () => {
  answerWith = { type: "application/json", status: 200 };
  const { cookie, token } = await aBrowser();
  // fetch sets these headers itself; only bare HTTP sends them as a browser would.
  const status = (headers: OutgoingHttpHeaders) =>
    new Promise<number | undefined>((resolve, reject) => {
      httpRequest(studioUrl + proxyPath(), { headers }, (response) => response.resume().on("end", () => resolve(response.statusCode)))
        .on("error", reject)
        .end();
    });
  const session = { cookie, "x-csrf-token": token, "sec-fetch-site": "same-origin" };
  for (const dest of ["document", "iframe", "frame", "embed", "object"]) {
    expect(await status({ ...session, "sec-fetch-dest": dest }), dest).toBe(403);
    expect(await status({ ...bearer(), "sec-fetch-dest": dest }), dest).toBe(403);
  }
  expect(await status({ ...session, "sec-fetch-mode": "navigate", "sec-fetch-dest": "empty" })).toBe(403);
  expect(await status({ ...session, "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" })).toBe(200);
});

test("a session cookie alone does not call the proxy, not even by GET", async () => {
  answerWith = { type: "application/json", status: 200 };
  const { cookie, token } = await aBrowser();
  const asked = async (method: string, headers: Record<string, string>) =>
    (await fetch(studioUrl + proxyPath(), { method, headers: { cookie, ...headers } })).status;
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
    expect(await asked(method, {}), method).toBe(403);
    expect(await asked(method, { "x-csrf-token": "guessed" }), method).toBe(403);
    expect(await asked(method, { "x-csrf-token": token }), method).toBe(200);
  }
});

test("a caller that leaves in the middle of an answer does not end studio", async () => {
  answerWith = { type: "text/event-stream", status: 200 };
  const uncaught = vi.fn();
  process.on("uncaughtException", uncaught);
  try {
    for (let i = 0; i < 50; i++) {
      const direct = new Request(`http://studio.test${proxyPath()}`, { headers: bearer() });
      await (await studio.runtime.application.fetch(direct)).body?.cancel();
      const left = new AbortController();
      const answer = await fetch(studioUrl + proxyPath(), { headers: bearer(), signal: left.signal });
      left.abort();
      await answer.text().catch(() => undefined);
    }
    expect((await fetch(`${studioUrl}/health`)).status).toBe(200);
  } finally {
    process.off("uncaughtException", uncaught);
  }
  expect(uncaught).not.toHaveBeenCalled();
});

test("a response that was not made for browsers does not leave studio", async () => {
  const path = "/api/v1/raw";
  const raw: Endpoint = {
    method: "GET",
    path,
    summary: "",
    permission: "public",
    handle: () => new Response(page, { headers: { "content-type": "text/html" } }) as never,
  };
  type Deps = Parameters<typeof mountEndpoints>[0];
  const authenticator = { authenticate: async () => undefined } as unknown as Deps["authenticator"];
  const quiet = {
    with: () => quiet,
    error: () => {},
    warn: () => {},
    info: () => {},
    debug: () => {},
  } as unknown as Studio["runtime"]["logger"];
  const answer = await mountEndpoints({
    endpoints: [raw],
    authenticator,
    csrf: createCsrf("a key for tests only"),
    proxies: createProxyTrust([]),
    versions: createVersions(studio.db),
    idempotency: { run: (_request, carryOut) => carryOut(), trim: async () => {} },
    logger: quiet,
  }).fetch(new Request(`http://studio.test${path}`));
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain("script");
});

test("no endpoint answers without a policy that keeps its bytes from being a page of ours", async () => {
  const plugin = await aPlugin(studio, { name: "Frames", command: fixture("frame-plugin.ts") });
  const rows = (await studio.call("GET", "/api/v1/plugins/ui-registry")).list as unknown as { entry_url: string; frame_url: string }[];
  const whole = [
    ["/csrf-token", "default-src 'none'"],
    ["/api/v1/events", "default-src 'none'"],
    ["/plugin-frame/fonts/ibm-plex-sans-latin-400-normal.woff2", "default-src 'none'"],
    [`/api/v1/plugins/assets/${plugin.id}/ui/attack.js`, "sandbox; default-src 'none'"],
    [proxyPath(), "sandbox; default-src 'none'"],
    ...rows.map((row) => [row.entry_url, "sandbox; default-src 'none'"]),
    ...rows.map((row) => [row.frame_url, "sandbox"]),
  ] as [string, string][];
  expect(rows).toHaveLength(2);
  for (const [path, start] of whole) {
    const answer = await studio.runtime.application.fetch(new Request(`http://studio.test${path}`, { headers: bearer() }));
    expect(answer.status, path).toBe(200);
    expect(answer.headers.get("content-security-policy"), path).toMatch(new RegExp(`^${start}`));
    expect(answer.headers.get("content-security-policy"), path).toContain("frame-ancestors");
    await answer.body?.cancel();
  }
  for (const { method, path, permission } of studio.runtime.endpoints) {
    const at = path.replace(/:[a-zA-Z_]+(\{[^}]*\})?/g, "1").replace(/\*$/, "x");
    if (path === "/api/v1/events" || permission === "public") continue;
    const answer = await studio.runtime.application.fetch(new Request(`http://studio.test${at}`, { method }));
    expect(answer.headers.get("content-security-policy"), `${method} ${path}`).toContain("default-src 'none'");
  }
});

test("a plugin's HTML is a download for everybody but a frame of ours, and caches keep no host name with its files", async () => {
  const rows = (await studio.call("GET", "/api/v1/plugins/ui-registry")).list as unknown as {
    entry_url: string;
    mount_config: { kind: string };
  }[];
  const at = rows.find((row) => row.mount_config.kind === "iframe")?.entry_url ?? "";
  const ask = (path: string, headers: Record<string, string>) =>
    studio.runtime.application.fetch(new Request(`http://studio.test${path}`, { headers: { ...bearer(), ...headers } }));
  const id = Number(at.split("/")[2]);
  for (const path of [at, `/api/v1/plugins/assets/${id}/ui/page.html`]) {
    for (const dest of ["document", "embed", "object", "empty", ""]) {
      const answer = await ask(path, dest === "" ? {} : { "sec-fetch-dest": dest });
      expect(answer.headers.get("content-type"), dest).toBe("application/octet-stream");
      expect(answer.headers.get("content-disposition"), dest).toBe("attachment");
      expect(answer.headers.get("cache-control"), dest).toBe("no-store");
    }
    const framed = await ask(path, { "sec-fetch-dest": "iframe" });
    expect(framed.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(framed.headers.get("content-security-policy")).toMatch(
      /^sandbox allow-scripts allow-forms allow-modals;.*frame-ancestors 'self'/,
    );
    expect(framed.headers.get("cache-control")).toBe("no-store");
    expect(await framed.text()).toMatch(/^<!doctype html>\n<script>/);
  }
  const script = rows.find((row) => row.mount_config.kind === "webc")?.entry_url ?? "";
  const kept = await studio.runtime.application.fetch(
    new Request(`http://evil.test${script}`, { headers: { "x-forwarded-proto": "https", "sec-fetch-dest": "document" } }),
  );
  expect(kept.headers.get("cache-control")).toContain("immutable");
  expect(kept.headers.get("content-disposition")).toBe("attachment");
  expect(JSON.stringify([...kept.headers])).not.toMatch(/evil\.test|https:/);
});

const withPlugin = (endpoint?: string) => (hub: World["hub"], url: string) => ({
  ...basicSnapshot(hub, url),
  apps: [anApp(secret, { llmIds: [1, 2] })],
  llms: [
    anLlm(hub, endpoint ?? url),
    anLlm(hub, endpoint ?? url, { id: 2, slug: "plugged", plugins: [{ pluginId: 1, sealedConfigOverrideJson: Buffer.alloc(0) }] }),
  ],
  plugins: [
    {
      id: 1,
      name: "Answers",
      slug: "answers",
      command: fixture("answering-plugin.ts"),
      checksum: "",
      sealedConfigJson: hub.seal("{}"),
      hookTypes: ["pre_auth", "on_response"],
      serviceScopes: [],
      generation: 1,
    },
  ],
});

test("neither a vendor nor a plugin speaks for the gateway's origin to its clients", async () => {
  let type = "";
  const vendor = await listening((request, response) => {
    request.resume();
    const headers = { ...hostile, "x-ratelimit-limit-tokens": "7", "request-id": "theirs", "retry-after": "2" };
    response.writeHead(200, { ...headers, ...(type === "" ? {} : { "content-type": type }) }).end(page);
  });
  const { gateway } = await aWorld({ snapshot: withPlugin(`${vendor}/v1`) });
  await until(async () => (await call(gateway, "/ready")).status === 200, 15_000);
  for (type of rendered) {
    const passed = await call(gateway, chatPath, { body: chat() });
    expectNothingHostile(passed.headers, type);
    if (type !== "") expect(passed.headers.get("content-type"), type).toBe("application/octet-stream");
    expect(Object.fromEntries(passed.headers)).toMatchObject({
      "x-ratelimit-limit-tokens": "7",
      "request-id": "theirs",
      "retry-after": "2",
    });
  }
  for (type of ["application/json", "text/event-stream; charset=utf-8", "audio/mpeg", "image/png", "application/x-ndjson"])
    expect((await call(gateway, chatPath, { body: chat() })).headers.get("content-type")).toBe(type);

  type = "application/json";
  const plugged = chatPath.replace("/demo/", "/plugged/");
  const changed = await call(gateway, plugged, { body: chat() });
  expectNothingHostile(changed.headers, "a changed answer");
  expect(changed.headers.get("content-type")).toBe("application/octet-stream");

  const flat = Object.fromEntries(
    Object.entries(hostile).map(([name, value]) => [name.replace(/\b[a-z]/g, (c) => c.toUpperCase()), String(value)]),
  );
  for (const status of [200, 302, 401, 403]) {
    const wanted = { status, headers: { ...flat, "Content-Type": "text/html", "X-Reason": "because" }, body: page };
    const answer = await call(gateway, plugged, {
      body: chat(),
      headers: { "x-attack-answer": JSON.stringify(wanted) },
      redirect: "manual",
    });
    expect(answer.status).toBe(status);
    expectNothingHostile(answer.headers, `a plugin's ${status}`);
    expect(answer.headers.get("content-type")).toBe("application/octet-stream");
    expect(answer.headers.get("x-reason")).toBe("because");
    expect(answer.text).toBe(page);
  }
  const refused = await call(gateway, "/llm/call/nowhere/<script>", { body: chat() });
  expect(refused.headers.get("content-security-policy")).toMatch(/^sandbox/);
});
