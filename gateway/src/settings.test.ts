import { expect, test } from "vitest";
import { readSettings } from "./settings.ts";

const trust = (env: Record<string, string>) => readSettings({ PORTICO_EDGE_TOKEN: "token", ...env }).hubTrust;

test("plain text is used towards a hub on the same machine only, and only when nothing is set", () => {
  for (const hub of ["127.0.0.1:1", "localhost:1", "[::1]:1"]) expect(trust({ PORTICO_HUB: hub }), hub).toBeUndefined();
  for (const hub of ["10.0.0.1:1", "hub.example.com:1", "localhost.example.com:1", "127.0.0.1.example.com:1", "[::2]:1"])
    expect(trust({ PORTICO_HUB: hub }), hub).toEqual({ kind: "system" });
  expect(trust({ PORTICO_HUB: "127.0.0.1:1", PORTICO_HUB_CA_FILE: "/ca.pem" })).toEqual({ kind: "file", path: "/ca.pem" });
});

test("a fingerprint is accepted in both usual spellings, and a wrong one is named", () => {
  const sha256 = "0123456789abcdef".repeat(4);
  const colons = sha256.toUpperCase().replace(/..(?=.)/g, "$&:");
  for (const text of [sha256, colons]) expect(trust({ PORTICO_HUB_CA_SHA256: text })).toEqual({ kind: "fingerprint", sha256 });
  expect(() => trust({ PORTICO_HUB_CA_SHA256: "abc" })).toThrow("PORTICO_HUB_CA_SHA256");
});

test("origins and the size of bodies are checked, and what is wrong is named", () => {
  const read = (env: Record<string, string>) => readSettings({ PORTICO_EDGE_TOKEN: "token", ...env });
  expect(read({})).toMatchObject({ corsOrigins: [], limits: { requestBytes: 32 * 1024 * 1024 } });
  const set = read({ GATEWAY_CORS_ORIGINS: "https://chat.example.com, http://localhost:5173", GATEWAY_MAX_REQUEST_MIB: "64" });
  expect(set).toMatchObject({
    corsOrigins: ["https://chat.example.com", "http://localhost:5173"],
    limits: { requestBytes: 64 * 1024 * 1024 },
  });
  for (const wrong of ["chat.example.com", "https://chat.example.com/", "null"])
    expect(() => read({ GATEWAY_CORS_ORIGINS: wrong }), wrong).toThrow("GATEWAY_CORS_ORIGINS");
  for (const wrong of ["0", "1.5", "2048", "many"])
    expect(() => read({ GATEWAY_MAX_REQUEST_MIB: wrong }), wrong).toThrow("GATEWAY_MAX_REQUEST_MIB");
});
