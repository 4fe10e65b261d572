import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { aStudio, type Studio } from "../testing.ts";
import { createSignInLimits, type SignInLimits } from "./sign-in-limits.ts";
import { createSignInStore } from "./sign-in-store.ts";

let studio: Studio;
let limits: SignInLimits;
beforeAll(async () => {
  studio = await aStudio();
  limits = createSignInLimits(createSignInStore(studio.db));
});
afterAll(() => studio.close());
beforeEach(async () => {
  await studio.db.prisma.signInAttempt.deleteMany();
  await studio.db.prisma.signInAddress.deleteMany();
});

/** How many of so many attempts in a row are admitted. */
async function admitted(attempts: number, of: (at: number) => [email: string, ip: string]): Promise<number> {
  let count = 0;
  for (let at = 0; at < attempts; at++) {
    try {
      await limits.take(...of(at));
      count += 1;
    } catch (error) {
      expect(error).toMatchObject({ code: "rate_limited" });
    }
  }
  return count;
}
const someoneElse = (at: number) => `person${at}@acme.test`;

test("who signs in over and over is never slowed down", async () => {
  for (let at = 0; at < 35; at++) await (await limits.take("admin@portico.local", "192.0.2.1")).succeeded(1);
  expect(await studio.db.prisma.signInAttempt.count()).toBe(0);
});

test("signing in to one's own account does not clear guesses at others from the same address", async () => {
  expect(await admitted(20, (at) => [someoneElse(at), "192.0.2.1"])).toBe(20);
  await (await limits.take("admin@portico.local", "192.0.2.1")).succeeded(1);
  expect(await admitted(20, (at) => [someoneElse(100 + at), "192.0.2.1"])).toBe(10);
  // The one who has signed in from there still can, but cannot have that address try everybody.
  await (await limits.take("admin@portico.local", "192.0.2.1")).giveBack();
});

test("an attempt that could not be judged is as if it had not been made", async () => {
  const attempts = await Promise.all(Array.from({ length: 10 }, () => limits.take("ana@acme.test", "192.0.2.1")));
  await expect(limits.take("ana@acme.test", "192.0.2.1")).rejects.toMatchObject({ code: "rate_limited" });
  await Promise.all(attempts.map((attempt) => attempt.giveBack()));
  expect(await studio.db.prisma.signInAttempt.count()).toBe(0);
});

test("attempts that are refused leave no rows behind, and trimming takes those that no longer count", async () => {
  await admitted(30, (at) => [someoneElse(at), "192.0.2.1"]);
  const rows = await studio.db.prisma.signInAttempt.count();
  expect(await admitted(20, (at) => [someoneElse(1000 + at), "192.0.2.1"])).toBe(0);
  expect(await studio.db.prisma.signInAttempt.count()).toBe(rows);
  await studio.db.sql.query("UPDATE sign_in_attempts SET clears_at = now() - interval '1 second'");
  await limits.trim();
  expect(await studio.db.prisma.signInAttempt.count()).toBe(0);
});

test("an IPv6 network counts as one address, however its addresses are written", async () => {
  const addresses = ["2001:db8:0:7::1", "2001:0db8:0000:0007:ffff:ffff:ffff:ffff", "2001:DB8::7:0:0:0:2"];
  expect(await admitted(12, (at) => ["ana@acme.test", addresses[at % 3] ?? ""])).toBe(10);
  expect(await admitted(1, () => ["ana@acme.test", "2001:db8:0:8::1"])).toBe(1);
});
