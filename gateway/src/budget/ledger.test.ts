import fc from "fast-check";
import { expect, test } from "vitest";
import type { App, Llm } from "../config/routing-table.ts";
import { createLedger } from "./ledger.ts";

const nowMs = Date.UTC(2026, 4, 10);
const may = Date.UTC(2026, 4, 1);
const app = { id: 1, name: "App", budget: { limitNanoUsd: 100, anchor: null } } as App;
const llm = { id: 2, name: "LLM", budget: null } as Llm;
const spend = (costNanoUsd: number, startedAtMs = nowMs) => ({ appId: 1, llmId: 2, startedAtMs, costNanoUsd });
const aLedger = () => createLedger({ now: () => nowMs });
const spent = (ledger: ReturnType<typeof aLedger>) => ledger.position("app", 1, app.budget).spentNanoUsd;

test("requests in flight count, so that many at once cannot overspend together", () => {
  const ledger = aLedger();
  const first = ledger.reserve({ app, llm, estimateNanoUsd: 60 });
  expect(first.outcome).toBe("reserved");
  expect(ledger.reserve({ app, llm, estimateNanoUsd: 41 })).toMatchObject({ outcome: "exceeded", kind: "app", isUsedUp: false });
  expect(ledger.reserve({ app, llm, estimateNanoUsd: 40 }).outcome).toBe("reserved");
  expect(ledger.reserve({ app, llm, estimateNanoUsd: 0 })).toMatchObject({ outcome: "exceeded", kind: "app", isUsedUp: true });
  if (first.outcome === "reserved") {
    first.reservation.release();
    first.reservation.release();
  }
  expect(ledger.reserve({ app, llm, estimateNanoUsd: 1 }).outcome).toBe("reserved");
});

test("a request that may cost more than is left holds what is left, and the next has to wait for its end", () => {
  const ledger = aLedger();
  const first = ledger.reserve({ app, llm, estimateNanoUsd: 1, mostNanoUsd: 5_000 });
  expect(first.outcome).toBe("reserved");
  expect(ledger.reserve({ app, llm, estimateNanoUsd: 1, mostNanoUsd: 5_000 })).toMatchObject({ outcome: "exceeded" });
  if (first.outcome === "reserved") first.reservation.release();
  expect(ledger.reserve({ app, llm, estimateNanoUsd: 1, mostNanoUsd: 5_000 }).outcome).toBe("reserved");
});

const figure = (spentNanoUsd: number) => ({ spentMicroUsd: Math.floor(spentNanoUsd / 1_000), spentRestNanoUsd: spentNanoUsd % 1_000 });
let looks = 0;
/** What the hub says of the app, looked at after all that it said before. */
const hubSays = (spentNanoUsd: number, periodStartMs = may) => [
  { kind: "app", id: 1, periodStartMs, ...figure(spentNanoUsd), readAtUs: 1e15 + ++looks * 100 },
];

test("spend is counted once, before, while and after the hub takes it over", () => {
  const ledger = aLedger();
  ledger.update(hubSays(40));
  ledger.book(spend(30), 5);
  expect(spent(ledger)).toBe(70);
  ledger.acknowledge([spend(30)], hubSays(70));
  expect(spent(ledger)).toBe(70);
  ledger.book(spend(5), 1);
  expect(spent(ledger)).toBe(75);
  ledger.update(hubSays(80));
  expect(spent(ledger)).toBe(85);
});

test("spend that the hub's figure held before it was acknowledged is counted once from the acknowledgement on", () => {
  const ledger = aLedger();
  ledger.book(spend(60), 5);
  ledger.update(hubSays(60));
  ledger.acknowledge([spend(60)], hubSays(60));
  expect(spent(ledger)).toBe(60);
  expect(ledger.reserve({ app, llm, estimateNanoUsd: 0 }).outcome).toBe("reserved");
});

test("a figure that was read before a batch was stored and comes after its acknowledgement does not unspend the batch", () => {
  const ledger = aLedger();
  ledger.book(spend(60), 5);
  // Another edge's 40, looked at before the batch was stored: growth of the figure says nothing about what it holds.
  const late = hubSays(40);
  ledger.acknowledge([spend(60)], hubSays(100));
  ledger.update(late);
  expect(spent(ledger)).toBe(100);
  expect(ledger.reserve({ app, llm, estimateNanoUsd: 0 }).outcome).toBe("exceeded");
});

test("other edges' spend is not taken for the acknowledged batch", () => {
  const ledger = aLedger();
  ledger.update(hubSays(0));
  ledger.book(spend(30), 5);
  ledger.acknowledge([spend(30)], hubSays(30));
  ledger.update(hubSays(70));
  expect(spent(ledger)).toBe(70);
});

test("whatever the order of pushes and acknowledgements, the end is what the hub has counted and never less on the way", () => {
  const own = [10, 20, 30];
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat({ max: 9 })), fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 40 }), (others, steps) => {
      const ledger = aLedger();
      let hub = 0;
      let [stored, acknowledged] = [0, 0];
      const acks: ReturnType<typeof hubSays>[] = [];
      const pushes: ReturnType<typeof hubSays>[] = [];
      for (const cost of own) ledger.book(spend(cost), 1);
      const floor = () => own.reduce((sum, cost) => sum + cost, 0);
      for (const step of steps) {
        const cost = own[stored];
        if (step === 0 && cost !== undefined) {
          hub += cost + (others.next().value ?? 0);
          acks.push(hubSays(hub));
          stored++;
        } else if (step === 1) pushes.push(hubSays(hub));
        else if (step === 2 && acks[acknowledged]) ledger.acknowledge([spend(own[acknowledged] ?? 0)], acks[acknowledged++] ?? []);
        else if (step === 3) ledger.update(pushes.shift() ?? []);
        expect(spent(ledger)).toBeGreaterThanOrEqual(floor());
      }
      for (; acknowledged < stored; acknowledged++) ledger.acknowledge([spend(own[acknowledged] ?? 0)], acks[acknowledged] ?? []);
      for (const push of pushes) ledger.update(push);
      expect(spent(ledger)).toBe(Math.max(hub, 0) + own.slice(stored).reduce((sum, cost) => sum + cost, 0));
    }),
  );
});

test("a hub that acknowledges without figures neither loses spend nor counts it twice once it tells the next", () => {
  const ledger = aLedger();
  ledger.update(hubSays(10));
  ledger.book(spend(30), 5);
  ledger.acknowledge([spend(30)], []);
  expect(spent(ledger)).toBe(40);
  ledger.update(hubSays(40));
  expect(spent(ledger)).toBe(40);
});

test("spend that was corrected downwards is believed, also from a hub whose clock was set back", () => {
  const ledger = aLedger();
  ledger.update(hubSays(100));
  expect(ledger.reserve({ app, llm, estimateNanoUsd: 0 }).outcome).toBe("exceeded");
  ledger.update(hubSays(20));
  expect(spent(ledger)).toBe(20);
  expect(ledger.reserve({ app, llm, estimateNanoUsd: 0 }).outcome).toBe("reserved");
  looks -= 1e6;
  ledger.update(hubSays(10));
  expect(spent(ledger)).toBe(10);
});

test("a late figure of the last period does not take the place of the new one's", () => {
  const june = Date.UTC(2026, 5, 1);
  const ledger = createLedger({ now: () => june + 5_000 });
  const late = hubSays(100);
  ledger.acknowledge([], hubSays(30, june));
  ledger.update(late);
  expect(spent(ledger)).toBe(30);
});

test("spend of a period's first second, and spend left over from the last period, are each counted where they belong", () => {
  const june = Date.UTC(2026, 5, 1);
  let clockMs = june - 500;
  const ledger = createLedger({ now: () => clockMs });
  ledger.reserve({ app, llm, estimateNanoUsd: 0 });
  ledger.book(spend(40, clockMs), 1);
  clockMs = june + 200;
  ledger.reserve({ app, llm, estimateNanoUsd: 0 });
  ledger.book(spend(30, clockMs), 1);
  clockMs = june + 2_000;
  expect(ledger.position("app", 1, app.budget).spentNanoUsd).toBe(30);
  ledger.book(spend(5, clockMs), 1);
  ledger.acknowledge([spend(40, june - 500), spend(30, june + 200)], hubSays(30, june));
  expect(ledger.position("app", 1, app.budget).spentNanoUsd).toBe(35);
});

test("a new period begins at zero, whatever the hub last said of the old one", () => {
  let clockMs = nowMs;
  const ledger = createLedger({ now: () => clockMs });
  ledger.update(hubSays(100));
  expect(ledger.reserve({ app, llm, estimateNanoUsd: 0 }).outcome).toBe("exceeded");
  clockMs = Date.UTC(2026, 5, 1);
  expect(ledger.reserve({ app, llm, estimateNanoUsd: 0 }).outcome).toBe("reserved");
});

test("a clock that is set back or was far ahead neither frees spend nor hides a period from the budget", () => {
  let clockMs = nowMs;
  const ledger = createLedger({ now: () => clockMs });
  ledger.update(hubSays(60));
  ledger.book(spend(40), 1);
  expect(ledger.reserve({ app, llm, estimateNanoUsd: 0 }).outcome).toBe("exceeded");
  // The hub has counted in May: this clock is behind.
  clockMs = Date.UTC(2026, 3, 1);
  expect(ledger.reserve({ app, llm, estimateNanoUsd: 0 }).outcome).toBe("exceeded");
  expect(ledger.position("app", 1, app.budget).periodStartMs).toBe(may);

  // It began 40 days ahead, and was told the time.
  clockMs = Date.UTC(2026, 5, 20);
  const ahead = createLedger({ now: () => clockMs });
  ahead.reserve({ app, llm, estimateNanoUsd: 0 });
  clockMs = nowMs;
  ahead.update(hubSays(100));
  expect(ahead.reserve({ app, llm, estimateNanoUsd: 0 }).outcome).toBe("exceeded");
});
