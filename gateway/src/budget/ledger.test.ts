import { expect, test } from "vitest";
import type { App, Llm } from "../config/routing-table.ts";
import { createLedger } from "./ledger.ts";

const nowMs = Date.UTC(2026, 4, 10);
const may = Date.UTC(2026, 4, 1);
const app = { id: 1, name: "App", budget: { limitMicroUsd: 100, anchor: null } } as App;
const llm = { id: 2, name: "LLM", budget: null } as Llm;
const spend = (costMicroUsd: number, startedAtMs = nowMs) => ({ appId: 1, llmId: 2, startedAtMs, costMicroUsd });
const aLedger = () => createLedger({ now: () => nowMs });
const spent = (ledger: ReturnType<typeof aLedger>) => ledger.position("app", 1, app.budget).spentMicroUsd;

test("requests in flight count, so that many at once cannot overspend together", () => {
  const ledger = aLedger();
  const first = ledger.reserve({ app, llm, estimateMicroUsd: 60 });
  const second = ledger.reserve({ app, llm, estimateMicroUsd: 60 });
  expect([first.outcome, second.outcome]).toEqual(["reserved", "reserved"]);
  expect(ledger.reserve({ app, llm, estimateMicroUsd: 1 })).toMatchObject({ outcome: "exceeded", kind: "app" });
  if (first.outcome === "reserved") {
    first.reservation.release();
    first.reservation.release();
  }
  expect(ledger.reserve({ app, llm, estimateMicroUsd: 1 }).outcome).toBe("reserved");
});

test("spend is counted once, before, while and after the hub takes it over", () => {
  const ledger = aLedger();
  ledger.position("app", 1, app.budget);
  ledger.book(spend(30), 5);
  expect(spent(ledger)).toBe(30);
  // Acknowledged, but the hub's next state has not come: nothing may seem to have been unspent.
  ledger.acknowledge([spend(30)]);
  expect(spent(ledger)).toBe(30);
  ledger.book(spend(5), 1);
  expect(spent(ledger)).toBe(35);
  ledger.update([{ kind: "app", id: 1, periodStartMs: may, spentMicroUsd: 70 }]);
  expect(spent(ledger)).toBe(75);
});

test("a new period begins at zero, whatever the hub last said of the old one", () => {
  let clockMs = nowMs;
  const ledger = createLedger({ now: () => clockMs });
  ledger.update([{ kind: "app", id: 1, periodStartMs: may, spentMicroUsd: 100 }]);
  expect(ledger.reserve({ app, llm, estimateMicroUsd: 0 }).outcome).toBe("exceeded");
  clockMs = Date.UTC(2026, 5, 1);
  expect(ledger.reserve({ app, llm, estimateMicroUsd: 0 }).outcome).toBe("reserved");
});
