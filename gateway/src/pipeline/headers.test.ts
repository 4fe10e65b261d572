import { redacted } from "@portico/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { anExchange } from "../../test/exchange.ts";
import { clientHeaders, headersOf, isSettable, pluginHeader, requestHeadersForPlugin, upstreamHeaders } from "./headers.ts";
import { keyMaskOf } from "./key-mask.ts";

const pairs = (list: readonly unknown[]): [string, unknown][] =>
  Array.from({ length: list.length / 2 }, (_, i) => [String(list[2 * i]), list[2 * i + 1]]);
const sentWith = (headers: string[], changes?: [string, string][]) => {
  const exchange = anExchange({ headers });
  if (changes) exchange.headerChanges = new Map(changes);
  return pairs(upstreamHeaders(exchange)).filter(([name]) => name !== "accept-encoding");
};
const shownWith = (headers: Record<string, string | string[]>, decoded = false, keyMask = keyMaskOf("")) =>
  headersOf(clientHeaders(headers, { requestId: "req_1", decoded, keyMask }));

/** Any spelling of a name. */
const spelled = (name: string) =>
  fc
    .array(fc.boolean(), { minLength: name.length, maxLength: name.length })
    .map((upper) => [...name].map((char, i) => (upper[i] ? char.toUpperCase() : char)).join(""));

test("no spelling of a credential, a hop-by-hop header or one of Portico's own reaches a vendor", () => {
  const kept = fc.constantFrom(
    ..."authorization proxy-authorization cookie x-api-key api-key host content-length content-encoding connection transfer-encoding te upgrade expect x-portico-user x-portico-anything x-request-id x-http-method-override x-original-url".split(
      " ",
    ),
  );
  fc.assert(
    fc.property(kept.chain(spelled), (name) => {
      expect(sentWith([name, "secret", "X-Other", "1"])).toEqual([["X-Other", "1"]]);
      expect(sentWith(["X-Other", "1"], [[name.toLowerCase(), "secret"]])).toEqual([["X-Other", "1"]]);
    }),
  );
});

test("everything else reaches the vendor as it was written, in order and as often as it came", () => {
  const headers = ["OpenAI-Organization", "org", "X-Many", "1", "x-many", "2", "Accept", "*/*"];
  expect(sentWith(headers)).toEqual(pairs(headers));
});

test("what Connection names ends at the gateway, and what a plugin sets takes the client's place", () => {
  expect(sentWith(["Connection", "X-Hop, keep-alive", "X-Hop", "1", "X-Stays", "1"])).toEqual([["X-Stays", "1"]]);
  expect(sentWith(["X-Many", "1", "x-many", "2"], [["x-many", "3"]])).toEqual([["x-many", "3"]]);
});

test("no header of an answer speaks for the gateway to a browser or a proxy, whatever its spelling", () => {
  const dropped = fc.constantFrom(
    ..."set-cookie set-cookie2 access-control-allow-origin access-control-x content-security-policy-report-only strict-transport-security location refresh link x-accel-redirect x-sendfile alt-svc clear-site-data service-worker-allowed transfer-encoding connection sourcemap".split(
      " ",
    ),
  );
  fc.assert(
    fc.property(dropped, dropped.chain(spelled), (lower, name) => {
      expect(Object.keys(shownWith({ [lower]: "x", "x-stays": "1" }))).toEqual(expect.not.arrayContaining([lower]));
      expect(pluginHeader(name.toLowerCase(), "x")).toBeUndefined();
    }),
  );
});

test("rate limits, retry times and the vendor's request id reach the client", () => {
  const shown = shownWith({
    "x-ratelimit-remaining": "9",
    "retry-after": "7",
    "x-request-id": "theirs",
    "content-type": "application/json",
  });
  expect(shown).toMatchObject({
    "x-ratelimit-remaining": "9",
    "retry-after": "7",
    "x-request-id": "req_1",
    "x-upstream-request-id": "theirs",
    "x-content-type-options": "nosniff",
  });
  // Data that no browser shows needs no policy of its own.
  expect(shown).not.toHaveProperty("content-security-policy");
  expect(shownWith({ "content-type": "text/html" })).toHaveProperty("content-security-policy");
});

test("length and encoding go with a body that was decoded, and stay with one that was not", () => {
  const headers = { "content-length": "10", "content-encoding": "gzip" };
  expect(shownWith(headers, true)).not.toHaveProperty("content-length");
  expect(shownWith(headers, true)).not.toHaveProperty("content-encoding");
  expect(shownWith(headers)).toMatchObject(headers);
});

test("a vendor's key that an answer repeats in a header is masked at its full length", () => {
  const key = "sk-0123456789";
  const shown = shownWith({ "x-echo": `Bearer ${key}`, "x-list": [key, "a"] }, false, keyMaskOf(key));
  expect(JSON.stringify(shown)).not.toContain(key);
  expect(shown["x-echo"]).toBe(`Bearer ${"*".repeat(key.length)}`);
});

test("plugins see that credentials are there, never what they are, and nothing that Portico's processes send each other", () => {
  const exchange = anExchange({
    headers: [
      "AUTHORIZATION",
      "Bearer s3cret",
      "x-api-key",
      "s3cret",
      "Cookie",
      "a=s3cret",
      "X-Portico-User",
      "4",
      "accept",
      "a",
      "Accept",
      "b",
    ],
  });
  exchange.headerChanges = new Map([["x-set", "1"]]);
  const shown = requestHeadersForPlugin(exchange);
  expect(JSON.stringify(shown)).not.toContain("s3cret");
  expect(shown).toEqual({ Authorization: redacted, "X-Api-Key": redacted, Cookie: redacted, Accept: "a", "X-Set": "1" });
});

test("a plugin's header cannot end a line, frame a body or put the placeholder in a credential's place", () => {
  for (const value of ["a\r\nX-Evil: 1", "a\n", "\u0000", "\u{1f680}"]) expect(isSettable("x-a", value), JSON.stringify(value)).toBe(false);
  for (const name of ["x a", "x:a", "", "content-length", "Transfer-Encoding", "X-Portico-User"])
    expect(isSettable(name, "1"), name).toBe(false);
  expect(isSettable("authorization", redacted)).toBe(false);
  expect(isSettable("authorization", "Bearer other")).toBe(true);
});
