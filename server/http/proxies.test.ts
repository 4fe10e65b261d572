import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { createLogger } from "@portico/core/logger";
import { expect, test } from "vitest";
import { createProxyTrust, isAddressOrNetwork } from "./proxies.ts";
import { createListener } from "./server.ts";

const { ofRequest } = createProxyTrust(["10.0.0.0/8", "2001:db8::/32", "127.0.0.1"]);
const from = (peer: string, headers: Record<string, string>) => ofRequest(new Request("http://studio.test/", { headers }), peer);

test("what a stranger says about where a request comes from is neither believed nor passed on", () => {
  const request = new Request("http://studio.test/", {
    headers: { "x-forwarded-for": "192.0.2.9", "x-forwarded-proto": "https", forwarded: "for=x" },
  });
  expect(ofRequest(request, "203.0.113.5")).toEqual({ ip: "203.0.113.5", isSecure: false });
  expect([...request.headers.keys()]).toEqual([]);
});

test("of a trusted proxy's list only the last address that is no proxy's counts", () => {
  const address = (list: string, peer = "10.1.2.3") => from(peer, { "x-forwarded-for": list, "x-forwarded-proto": "https" }).ip;
  expect(address("192.0.2.9")).toBe("192.0.2.9");
  expect(address("1.1.1.1, 192.0.2.9, 10.9.9.9")).toBe("192.0.2.9");
  expect(address("1.1.1.1, 192.0.2.9:4711")).toBe("192.0.2.9");
  expect(address("[2a00::7]:80", "::ffff:10.1.2.3")).toBe("2a00::7");
  // Left of something that is no address, anybody may have written anything.
  expect(address("1.1.1.1, unknown, 10.9.9.9")).toBe("10.1.2.3");
  expect(address("")).toBe("10.1.2.3");
  expect(from("2001:db8::5", { "x-forwarded-proto": "http, https" })).toEqual({ ip: "2001:db8::5", isSecure: true });
});

test("a setting names addresses and networks, nothing else", () => {
  expect(["127.0.0.1", "10.0.0.0/8", "::1", "2001:db8::/32"].every(isAddressOrNetwork)).toBe(true);
  expect(["localhost", "10.0.0.0/33", "10.0.0.0/8/1", "10.0.0.0/", "*", ""].some(isAddressOrNetwork)).toBe(false);
});

test("over the network, API and pages see the scheme and address that a trusted proxy reports, and nothing that a stranger claims", async () => {
  const seenBy = async (trusted: string[], path: string) => {
    const proxies = createProxyTrust(trusted);
    const listener = createListener({
      application: {
        fetch: (request, peer) =>
          Response.json({ ...proxies.ofRequest(request, peer?.ip ?? ""), left: request.headers.get("x-forwarded-proto") }),
      },
      pages: {
        handle: async ({ headers }, outgoing) =>
          void outgoing.end(JSON.stringify({ scheme: headers["x-portico-scheme"], left: headers["x-forwarded-proto"] ?? null })),
        contentSecurityPolicy: () => "default-src 'none'",
        close: async () => {},
      },
      proxies,
      logger: createLogger({ level: "error" }),
    });
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const headers = { "x-forwarded-for": "192.0.2.9", "x-forwarded-proto": "https", "x-portico-scheme": "https" };
      return await new Promise<unknown>((resolve, reject) => {
        send({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", path, headers }, (answer) => {
          answer.setEncoding("utf8");
          let text = "";
          answer.on("data", (part) => {
            text += part;
          });
          answer.on("end", () => resolve(JSON.parse(text)));
        })
          .on("error", reject)
          .end();
      });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  };
  expect(await seenBy([], "/api/v1/users")).toEqual({ ip: "127.0.0.1", isSecure: false, left: null });
  expect(await seenBy(["127.0.0.0/8"], "/api/v1/users")).toEqual({ ip: "192.0.2.9", isSecure: true, left: "https" });
  expect(await seenBy([], "/admin")).toEqual({ scheme: "http", left: null });
  expect(await seenBy(["127.0.0.0/8"], "/admin")).toEqual({ scheme: "https", left: "https" });
});
