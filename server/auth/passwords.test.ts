import { expect, test } from "vitest";
import { faultOfPassword } from "./password-rules.ts";
import { createPasswords } from "./passwords.ts";

test("passwords are checked a few at a time; beyond a short queue they are refused, not piled up", async () => {
  const passwords = createPasswords({ concurrency: 1, maxWaiting: 2 });
  const outcomes = await Promise.allSettled(Array.from({ length: 6 }, () => passwords.verify("a guess", null)));
  expect(outcomes.filter((one) => one.status === "fulfilled")).toEqual(Array(3).fill({ status: "fulfilled", value: false }));
  for (const one of outcomes)
    if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "unavailable", status: 503, retryAfterSeconds: 3 });
  const hash = await passwords.hash("correct horse");
  expect(await passwords.verify("correct horse", hash)).toBe(true);
  expect(await passwords.verify("correct mule", hash)).toBe(false);
});

test("passwords that are hard to guess are taken, whatever they are made of", () => {
  const account = { email: "ana.li@acme.test", name: "Ana" };
  for (const good of [
    "correct horse",
    "a good password",
    "another password",
    "zx9-Qm!ruv",
    "ананас и слон",
    "tr7kpq2m",
    "banana for Ana in 2026",
  ])
    expect([good, faultOfPassword(good, account)]).toEqual([good, undefined]);
});
