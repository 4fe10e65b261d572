import { expect, test } from "vitest";
import { createClock } from "./clock.ts";

const dayMs = 86_400_000;

function aClock(offsetMs = 0) {
  const machine = { wallMs: 1_700_000_000_000, monotonicMs: 5_000 };
  const clock = createClock({ offsetMs, wallMs: () => machine.wallMs, monotonicMs: () => machine.monotonicMs });
  const pass = (ms: number) => {
    machine.wallMs += ms;
    machine.monotonicMs += ms;
  };
  return { clock, machine, pass };
}

test("without a hub the time is the machine's when it started, and setting its clock changes nothing", () => {
  const { clock, machine, pass } = aClock();
  expect(clock.now()).toBe(machine.wallMs);
  pass(1_000);
  machine.wallMs -= 40 * dayMs;
  expect(clock.now()).toBe(1_700_000_001_000);
});

test("a machine whose clock is wrong takes the hub's time, and the difference is what a restart begins with", () => {
  const { clock, machine, pass } = aClock();
  const hubMs = machine.wallMs - 40 * dayMs;
  expect(clock.set(hubMs)).toBe(-40 * dayMs);
  pass(500);
  expect(clock.now()).toBe(hubMs + 500);
  expect(aClock(-40 * dayMs).clock.now()).toBe(hubMs);
});

test("the time that a message takes is not taken for a difference of clocks", () => {
  const { clock, machine, pass } = aClock();
  pass(10);
  expect(clock.set(machine.wallMs - 300)).toBe(0);
  expect(clock.now()).toBe(machine.wallMs);
});
