import { expect, test } from "vitest";
import { coalesced, serial, timeSlices } from "./concurrency.ts";

const tick = () => new Promise<void>((resolve) => setImmediate(resolve));

test("serial steps run one at a time in order, and one that fails holds up none", async () => {
  const { run, idle } = serial();
  const seen: string[] = [];
  let active = 0;
  const step = (name: string, fails = false) =>
    run(async () => {
      expect(++active).toBe(1);
      await tick();
      active--;
      seen.push(name);
      if (fails) throw new Error(name);
      return name;
    });
  const results = [step("a"), step("b", true), step("c")];
  await expect(results[1]).rejects.toThrow("b");
  expect([await results[0], await results[2]]).toEqual(["a", "c"]);
  void step("d");
  await idle();
  expect(seen).toEqual(["a", "b", "c", "d"]);
});

test("requests before a run share it, requests during a run lead to one more, and a failed run does not end the series", async () => {
  let runs = 0;
  const errors: unknown[] = [];
  let finish = () => {};
  const work = coalesced(
    async () => {
      runs++;
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      if (runs === 1) throw new Error("first");
    },
    { onError: (error) => errors.push(error) },
  );
  for (let i = 0; i < 5; i++) work.request();
  await expect.poll(() => runs).toBe(1);
  for (let i = 0; i < 5; i++) work.request();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(runs).toBe(1);
  finish();
  await expect.poll(() => runs).toBe(2);
  finish();
  await work.close();
  work.request();
  await tick();
  expect([runs, errors.length]).toEqual([2, 1]);
});

test("a request that is due sooner brings the run forward, and later ones do not postpone it", async () => {
  let runs = 0;
  const work = coalesced(async () => void runs++, { delayMs: 60_000, onError: () => {} });
  work.request();
  work.request(0);
  work.request();
  await expect.poll(() => runs).toBe(1);
  await work.close();
});

test("closing forgets a run that has not begun", async () => {
  let runs = 0;
  const work = coalesced(async () => void runs++, { onError: () => {} });
  work.request();
  await work.close();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(runs).toBe(0);
});

test("long work in slices lets timers run in between", async () => {
  const slice = timeSlices(1);
  let fired = 0;
  const timer = setInterval(() => fired++, 1);
  for (const until = performance.now() + 50; performance.now() < until; ) await slice();
  clearInterval(timer);
  expect(fired).toBeGreaterThan(5);
});
