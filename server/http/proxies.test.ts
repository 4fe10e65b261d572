import { expect, test } from "vitest";
import { createProxyTrust, isAddressOrNetwork } from "./proxies.ts";

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
