import { createServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, type LookupFunction } from "node:net";
import { request } from "undici";
import { expect, onTestFinished, test } from "vitest";
import { createOutbound, type OutboundSettings } from "./outbound.ts";
import { readProxies } from "./proxies.ts";

async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A vendor, and a proxy that knows every name as this machine. */
async function aNetwork({ refuses = 0 } = {}) {
  const vendorPort = await listen(createServer((req, res) => void res.end(`vendor ${req.headers.host}`)));
  const asked: { url: string; authorization: string }[] = [];
  const proxy = createServer();
  proxy.on("connect", (req: IncomingMessage, socket) => {
    asked.push({ url: req.url ?? "", authorization: req.headers["proxy-authorization"] ?? "" });
    if (refuses) return void socket.end(`HTTP/1.1 ${refuses} No\r\n\r\n`);
    const upstream = connect(vendorPort, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(socket).pipe(upstream);
    });
    for (const one of [upstream, socket]) one.on("error", () => undefined);
  });
  const proxyPort = await listen(proxy);
  const call = async (url: string, settings: OutboundSettings, purpose: "llm" | "plugin" = "llm") => {
    const dispatcher = createOutbound(settings).agent({ purpose, connect: { timeout: 2_000 } });
    onTestFinished(() => dispatcher.destroy());
    return (await request(url, { dispatcher })).body.text();
  };
  return { vendorPort, proxyPort, asked, call };
}

const resolvesTo =
  (address?: string): LookupFunction =>
  (host, _options, callback) =>
    address ? callback(null, [{ address, family: 4 }]) : callback(Object.assign(new Error(`ENOTFOUND ${host}`), { code: "ENOTFOUND" }), []);

test("a connection goes through the proxy, with its credentials, also to a name that only the proxy knows", async () => {
  const { proxyPort, asked, call } = await aNetwork();
  const proxies = { HTTP_PROXY: `http://us%40er:pa%3Ass%@127.0.0.1:${proxyPort}` };
  expect(await call("http://vendor.example/v1", { proxies, lookup: resolvesTo() })).toBe("vendor vendor.example");
  const authorization = `Basic ${Buffer.from("us@er:pa:ss%").toString("base64")}`;
  expect(asked).toEqual([{ url: "vendor.example:80", authorization }]);
});

test("the proxy of the protocol counts, in lower case first; this machine and what NO_PROXY names are called directly", async () => {
  const { proxyPort, vendorPort, asked, call } = await aNetwork();
  const url = `http://vendor.example:${vendorPort}/`;
  const lookup = resolvesTo("127.0.0.1");
  const dead = "http://127.0.0.1:9";
  expect(await call(url, { lookup, proxies: { HTTP_PROXY: dead, http_proxy: `127.0.0.1:${proxyPort}` } })).toContain("vendor");
  expect(asked.map((one) => one.url)).toEqual([`vendor.example:${vendorPort}`]);
  expect(await call(url, { lookup, proxies: { HTTPS_PROXY: dead } })).toContain("vendor");
  expect(await call(url, { lookup, proxies: { HTTP_PROXY: dead, NO_PROXY: "other.example, .example" } })).toContain("vendor");
  for (const host of ["127.0.0.1", "localhost"]) {
    expect(await call(`http://${host}:${vendorPort}/`, { lookup, proxies: { HTTP_PROXY: dead } })).toContain("vendor");
  }
  expect(asked).toHaveLength(1);

  const find = readProxies({ HTTPS_PROXY: "http://proxy:3128", NO_PROXY: ".internal,exact.example:8443,[::1],*.wild.example" });
  const isProxied = (host: string, port = 443) => find?.({ protocol: "https:", host, port }) !== undefined;
  expect(["a.internal", "internal", "::1", "x.wild.example", "sub.exact.example"].map((host) => isProxied(host, 8_443))).toEqual(
    Array.from({ length: 5 }, () => false),
  );
  expect(["exact.example", "notinternal", "::2", "10.0.0.1"].map((host) => isProxied(host))).toEqual([true, true, true, true]);
  expect(["localhost", "a.localhost", "127.9.9.9", "::ffff:127.0.0.1"].map((host) => isProxied(host))).not.toContain(true);
  expect(readProxies({ HTTPS_PROXY: "http://proxy", NO_PROXY: "*" })?.({ protocol: "https:", host: "a", port: 443 })).toBeUndefined();
});

test("behind a proxy the policy judges names, addresses and what a name resolves to here", async () => {
  const { proxyPort, asked, call } = await aNetwork();
  const proxies = { HTTP_PROXY: `http://127.0.0.1:${proxyPort}` };
  const refused = { code: "OUTBOUND_REFUSED" };
  await expect(call("http://169.254.169.254/", { proxies })).rejects.toMatchObject(refused);
  await expect(call("http://metadata.google.internal/", { proxies, lookup: resolvesTo() })).rejects.toMatchObject(refused);
  await expect(call("http://a.example/", { proxies, lookup: resolvesTo("169.254.1.1") })).rejects.toMatchObject(refused);
  await expect(call("http://b.example/", { proxies, lookup: resolvesTo(), deny: "b.example" })).rejects.toMatchObject(refused);
  await expect(call("http://c.example/", { proxies, lookup: resolvesTo("10.0.0.1") }, "plugin")).rejects.toMatchObject(refused);
  expect(asked).toEqual([]);
  expect(await call("http://c.example/", { proxies, lookup: resolvesTo("10.0.0.1") })).toContain("vendor");
});

test("a name whose addresses never come is left to the proxy, which may be the only one that knows it", async () => {
  const { proxyPort, asked, call } = await aNetwork();
  const proxies = { HTTP_PROXY: `http://127.0.0.1:${proxyPort}` };
  expect(await call("http://vendor.example/", { proxies, lookup: () => undefined })).toContain("vendor");
  expect(asked).toHaveLength(1);
});

test("a proxy that refuses, or is not there, is named without its password, and a setting that is no proxy is refused", async () => {
  const { proxyPort, call } = await aNetwork({ refuses: 407 });
  const lookup = resolvesTo();
  const proxies = { HTTP_PROXY: `http://me:secret@127.0.0.1:${proxyPort}` };
  const message = `The proxy at 127.0.0.1:${proxyPort} refused a connection to vendor.example:80 with status 407.`;
  await expect(call("http://vendor.example/", { proxies, lookup })).rejects.toMatchObject({ code: "PROXY_FAILED", message });
  const gone = { HTTP_PROXY: "http://127.0.0.1:1" };
  await expect(call("http://vendor.example/", { proxies: gone, lookup })).rejects.toMatchObject({ code: "PROXY_FAILED" });
  expect(() => readProxies({ HTTPS_PROXY: "socks5://me:secret@proxy:1080" })).toThrow(/^HTTPS_PROXY must be the http or https URL/);
});
