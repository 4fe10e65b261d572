import { expect, test } from "vitest";
import {
  createSystemCallSigner,
  createSystemCallVerifier,
  isSystemCallToken,
  newSystemCallKey,
  publicSystemCallKey,
  readPublicKey,
} from "./system-calls.ts";

const secret = newSystemCallKey();
const key = readPublicKey(publicSystemCallKey(secret));
const request = { method: "POST", path: "/llm/call/demo/v1/chat/completions?a=b" };

function aClock() {
  let nowMs = 1_000_000;
  const now = () => nowMs;
  return { now, sign: createSystemCallSigner(secret, { now }), pass: (ms: number) => (nowMs += ms) };
}

test("a token is good once, for its method, path and user", () => {
  const { now, sign } = aClock();
  const verify = createSystemCallVerifier({ now });
  const token = sign({ ...request, user: 7 });
  expect(isSystemCallToken(token)).toBe(true);
  expect(verify(token, { ...request, method: "GET", key })).toBeUndefined();
  expect(verify(token, { ...request, path: "/llm/call/demo/v1/models", key })).toBeUndefined();
  expect(verify(token, { ...request, key })).toBe(7);
  expect(verify(token, { ...request, key })).toBeUndefined();
});

test("a token that is changed, forged, expired or of too long a life is refused", () => {
  const { now, sign, pass } = aClock();
  const verify = createSystemCallVerifier({ now });
  const token = sign({ ...request, user: 7 });
  const [head, claims, signature] = token.split(".") as [string, string, string];
  const raised = Buffer.from(Buffer.from(claims, "base64url").toString().replace('"user":7', '"user":1')).toString("base64url");
  const forged = createSystemCallSigner(newSystemCallKey(), { now })({ ...request, user: 7 });
  for (const bad of [`${head}.${raised}.${signature}`, forged, `${head}.${claims}.`, `${head}.${claims}`, `${head}.`, "psc1.", ""])
    expect(verify(bad, { ...request, key }), bad).toBeUndefined();
  const early = createSystemCallSigner(secret, { now: () => now() + 60_000 })({ ...request, user: 7 });
  expect(verify(early, { ...request, key })).toBeUndefined();
  for (const user of [0, -1, 1.5, 2 ** 31]) expect(verify(sign({ ...request, user }), { ...request, key })).toBeUndefined();
  pass(60_000);
  expect(verify(token, { ...request, key })).toBeUndefined();
});

test("what is remembered is bounded, and a token is refused rather than forgotten", () => {
  const { now, sign, pass } = aClock();
  const verify = createSystemCallVerifier({ now, most: 2 });
  const use = () => verify(sign({ ...request, user: 7 }), { ...request, key });
  expect([use(), use(), use()]).toEqual([7, 7, undefined]);
  pass(60_000);
  expect(use()).toBe(7);
});
