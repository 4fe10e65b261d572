import { request as httpRequest } from "node:http";
import { fileURLToPath } from "node:url";
import type { PluginConfig } from "@portico/protocol/edge";
import { afterEach, expect, test } from "vitest";
import type { TestHub } from "./hub.ts";
import { aWorld, basicSnapshot, call, endWorlds, secret, until, type World } from "./world.ts";

afterEach(endWorlds);

const executable = (path: string) => `file://${fileURLToPath(new URL(path, import.meta.url))}`;

const aPlugin = (hub: TestHub, plugin: Partial<PluginConfig> = {}): PluginConfig => ({
  id: 1,
  name: "Endpoints",
  slug: "probe",
  command: executable("./fixtures/endpoints-plugin.ts"),
  checksum: "",
  sealedConfigJson: hub.seal("{}"),
  hookTypes: ["custom_endpoint"],
  serviceScopes: [],
  generation: 1,
  ...plugin,
});

type Options = Parameters<typeof aWorld>[0];

async function serving(
  plugin: Partial<PluginConfig> | ((hub: TestHub) => Partial<PluginConfig>) = {},
  options: Options = {},
): Promise<World> {
  const world = await aWorld({
    ...options,
    snapshot: (hub, url) => ({
      ...basicSnapshot(hub, url),
      plugins: [aPlugin(hub, typeof plugin === "function" ? plugin(hub) : plugin)],
    }),
  });
  await until(async () => (await call(world.gateway, "/ready?strict")).status === 200, 15_000);
  return world;
}

/** Of a GET whose path is sent as it is written. */
function statusOf(url: string): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    httpRequest({ hostname, port, path: url.slice(url.indexOf("/", "http://".length)) }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on("error", reject)
      .end();
  });
}

const anonymous = { headers: { authorization: "" } };

test("a plugin that no LLM needs serves its endpoints, and sees the request as it came", async () => {
  const { gateway } = await serving();
  const { status, headers, json } = await call(gateway, "/plugins/probe/open?x=1&y=a%20b", {
    ...anonymous,
    headers: { "x-two": "z", authorization: "" },
  });
  expect(status).toBe(207);
  expect(headers.get("x-probe")).toBe("1");
  expect(json).toMatchObject({
    method: "GET",
    path: "/plugins/probe/open",
    relativePath: "/open",
    pathSegments: ["open"],
    queryString: "x=1&y=a%20b",
    remoteAddr: "127.0.0.1",
    protocol: "http",
    authenticated: false,
    headers: { "X-Two": "z" },
    body: "",
  });
  expect((await call(gateway, "/plugins/probe/open", { ...anonymous, body: { a: 1 } })).json).toMatchObject({
    method: "POST",
    body: '{"a":1}',
  });
  expect((await call(gateway, "/plugins/probe/files/a/b.txt", anonymous)).json).toEqual({ files: ["files", "a", "b.txt"] });
  expect((await call(gateway, "/plugins/probe/files/a", { method: "PUT", ...anonymous })).json).toEqual({ any: "/files/a" });
});

test("what no plugin serves is 404 and names it, dots are 400, and a body over the limit is 413", async () => {
  const { gateway } = await serving();
  const unserved = await call(gateway, "/plugins/probe/open", { method: "DELETE", ...anonymous });
  expect(unserved).toMatchObject({ status: 404, json: { error: "no endpoint registered for DELETE /plugins/probe/open" } });
  for (const path of ["/plugins/probe", "/plugins/probe/nothing", "/plugins/nobody/open"])
    expect((await call(gateway, path)).status).toBe(404);
  expect(await statusOf(`${gateway.url}/plugins/probe/%2e%2e/open`)).toBe(400);
  const large = await call(gateway, "/plugins/probe/open", { body: "x".repeat(1024 * 1024 + 1) });
  expect(large.status).toBe(413);
});

test("an endpoint that requires authentication gets the app but not its credential; one that does not may read credentials of its own kind", async () => {
  const { gateway } = await serving();
  const closed = (headers: Record<string, string>, query = "") =>
    call(gateway, `/plugins/probe/closed${query}`, { method: "POST", headers: { authorization: "", ...headers } });
  expect(await closed({})).toMatchObject({ status: 401, json: { error: "authentication required" } });
  expect((await closed({ authorization: "Bearer nope" })).status).toBe(401);
  for (const answer of [
    await closed({ authorization: `Bearer ${secret}` }),
    await closed({ authorization: secret }),
    await closed({}, `?token=${secret}&a=1`),
  ]) {
    expect(answer.status).toBe(207);
    expect(answer.json).toMatchObject({ authenticated: true, app: { id: 7, name: "Test app", isActive: true, ownerEmail: "" } });
    expect(answer.text).not.toContain(secret);
  }
  const open = (authorization: string) => call(gateway, "/plugins/probe/open", { headers: { authorization } });
  expect((await open("Basic dXNlcjpwYXNz")).json).toMatchObject({ headers: { Authorization: "Basic dXNlcjpwYXNz" } });
  expect((await open(`Bearer ${secret}`)).text).not.toContain(secret);
});

test("a stream reaches the client piece by piece", async () => {
  const { gateway } = await serving();
  const response = await fetch(`${gateway.url}/plugins/probe/sse`);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const pieces: string[] = [];
  for await (const piece of response.body ?? []) pieces.push(Buffer.from(piece).toString());
  expect(pieces).toEqual(["data: 0\n\n", "data: 1\n\n", "data: 2\n\n"]);
});

test("a client that leaves ends the plugin's work, and one that does not read holds it back", async () => {
  const { gateway } = await serving();
  const taken = async () => Number((await call(gateway, "/plugins/probe/taken")).json.taken);
  const reader = httpRequest(`${gateway.url}/plugins/probe/flood`).on("error", () => undefined);
  reader.on("response", (response) => response.pause());
  reader.end();
  let before = -1;
  await until(async () => {
    const now = await taken();
    const isHeld = now > 0 && now === before;
    before = now;
    return isHeld;
  }, 15_000);
  // Buffers of sockets and of the call, not the whole flood.
  expect(before).toBeLessThan(1_000);
  reader.destroy();
  await until(async () => (await call(gateway, "/plugins/probe/open")).status === 207);
  expect(await taken()).toBeLessThan(1_000);
});

test("a plugin that fails answers 502 without its words, a late one 504, and a broken stream is no whole answer", async () => {
  const { gateway, log } = await serving({}, { limits: { endpointStreamTimeoutMs: 1_000, pluginStartWaitMs: 100 } });
  const failed = await call(gateway, "/plugins/probe/fail");
  expect(failed).toMatchObject({ status: 502, json: { error: expect.stringContaining("failed") } });
  expect(failed.text).not.toContain("on purpose");
  expect(log.some((line) => line.includes("failed on purpose"))).toBe(true);
  expect((await call(gateway, "/plugins/probe/hang")).status).toBe(504);
  await expect(call(gateway, "/plugins/probe/breaking")).rejects.toThrow();
});

test("a plugin's answer cannot speak for the gateway", async () => {
  const { gateway } = await serving();
  const { headers } = await call(gateway, "/plugins/probe/pose");
  expect(headers.get("x-mine")).toBe("1");
  for (const name of ["set-cookie", "access-control-allow-origin"]) expect(headers.get(name)).toBeNull();
  expect(headers.get("content-type")).not.toContain("text/html");
  expect(headers.get("content-security-policy")).toContain("sandbox");
});

test("a plugin is found by the slug of its configuration too", async () => {
  const { gateway } = await serving((hub) => ({ sealedConfigJson: hub.seal('{"slug":"other"}') }));
  expect((await call(gateway, "/plugins/other/open")).status).toBe(207);
  expect((await call(gateway, "/plugins/probe/open")).status).toBe(207);
});
