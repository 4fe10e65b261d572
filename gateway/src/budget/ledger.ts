import { costOf, type MicroUsd, type Price, periodStart, type Tokens } from "@portico/core";
import type { BudgetUsage } from "@portico/protocol/edge";
import type { App, Budget, Llm } from "../config/routing-table.ts";

/** Money set aside for a request in flight; released exactly once. */
export type Reservation = { release(): void };

export type Reserved = { outcome: "reserved"; reservation: Reservation } | { outcome: "exceeded"; kind: "app" | "LLM"; name: string };

/** Cost of requests of one app at one LLM that the hub has not acknowledged. */
export type Spend = { appId: number; llmId: number; startedAtMs: number; costMicroUsd: MicroUsd };

export type BudgetPosition = { spentMicroUsd: MicroUsd; periodStartMs: number; requests: number; tokens: number };

/**
 * Knows what apps and LLMs have spent in their periods: what the hub knew at last, plus what it has not acknowledged from
 * here, plus what is set aside for requests in flight. Everything is in memory; the journal gives back what a restart lost.
 */
export type Ledger = {
  reserve(request: { app: App; llm: Llm; estimateMicroUsd: MicroUsd }): Reserved;
  estimate(tokens: Tokens, price: Price): MicroUsd;
  /** Books what a request cost. */
  book(spend: Spend, tokens: number): void;
  /** The hub has these now; its next state will hold them. */
  acknowledge(spends: readonly Spend[]): void;
  /** Takes the hub's state. */
  update(usage: readonly BudgetUsage[]): void;
  position(kind: "app" | "llm", id: number, budget: Budget | null): BudgetPosition;
};

type Account = {
  periodStartMs: number;
  checkedMs: number;
  hubMicroUsd: MicroUsd;
  hubPeriodMs: number;
  unackedMicroUsd: MicroUsd;
  reservedMicroUsd: MicroUsd;
  // Acknowledged, but not yet seen in the hub's state; what the hub's figure grows by is taken off it.
  ackedMicroUsd: MicroUsd;
  ackedAtMs: number;
  requests: number;
  tokens: number;
};

class HeldReservation implements Reservation {
  readonly #app: Account;
  readonly #llm: Account;
  #microUsd: MicroUsd;

  constructor(app: Account, llm: Account, microUsd: MicroUsd) {
    this.#app = app;
    this.#llm = llm;
    this.#microUsd = microUsd;
  }

  release(): void {
    this.#app.reservedMicroUsd -= this.#microUsd;
    this.#llm.reservedMicroUsd -= this.#microUsd;
    this.#microUsd = 0;
  }
}

const periodCheckMs = 1_000;
// A hub that has acknowledged spend for this long has counted it, whatever its figures looked like on the way.
const ackedForMs = 60_000;

export function createLedger({ now = Date.now }: { now?: () => number } = {}): Ledger {
  const apps = new Map<number, Account>();
  const llms = new Map<number, Account>();

  function account(kind: "app" | "llm", id: number): Account {
    const accounts = kind === "app" ? apps : llms;
    let found = accounts.get(id);
    if (!found) {
      found = {
        periodStartMs: 0,
        checkedMs: 0,
        hubMicroUsd: 0,
        hubPeriodMs: 0,
        unackedMicroUsd: 0,
        reservedMicroUsd: 0,
        ackedMicroUsd: 0,
        ackedAtMs: 0,
        requests: 0,
        tokens: 0,
      };
      accounts.set(id, found);
    }
    return found;
  }

  function enterPeriod(entry: Account, budget: Budget | null, nowMs: number): void {
    if (nowMs - entry.checkedMs < periodCheckMs && entry.periodStartMs > 0) return;
    entry.checkedMs = nowMs;
    const start = periodStart(new Date(nowMs), budget?.anchor).getTime();
    // Spend booked before the account knew its period belongs to the one it is first seen in, and an anchor moved back makes
    // the same period longer.
    if (entry.periodStartMs > 0 && start > entry.periodStartMs) {
      entry.unackedMicroUsd = 0;
      entry.ackedMicroUsd = 0;
      entry.requests = 0;
      entry.tokens = 0;
    }
    entry.periodStartMs = start;
  }

  const spent = (entry: Account): MicroUsd =>
    (entry.hubPeriodMs >= entry.periodStartMs ? entry.hubMicroUsd : 0) + entry.unackedMicroUsd + entry.ackedMicroUsd;

  const usedUp = (entry: Account, budget: Budget): boolean => spent(entry) + entry.reservedMicroUsd >= budget.limitMicroUsd;

  return {
    estimate: costOf,
    reserve({ app, llm, estimateMicroUsd }) {
      const nowMs = now();
      const ofApp = account("app", app.id);
      const ofLlm = account("llm", llm.id);
      enterPeriod(ofApp, app.budget, nowMs);
      enterPeriod(ofLlm, llm.budget, nowMs);
      if (app.budget && usedUp(ofApp, app.budget)) return { outcome: "exceeded", kind: "app", name: app.name };
      if (llm.budget && usedUp(ofLlm, llm.budget)) return { outcome: "exceeded", kind: "LLM", name: llm.name };
      ofApp.reservedMicroUsd += estimateMicroUsd;
      ofLlm.reservedMicroUsd += estimateMicroUsd;
      return { outcome: "reserved", reservation: new HeldReservation(ofApp, ofLlm, estimateMicroUsd) };
    },
    book({ appId, llmId, startedAtMs, costMicroUsd }, tokens) {
      for (const entry of [account("app", appId), account("llm", llmId)]) {
        if (startedAtMs < entry.periodStartMs) continue;
        entry.unackedMicroUsd += costMicroUsd;
        entry.requests += 1;
        entry.tokens += tokens;
      }
    },
    acknowledge(spends) {
      for (const { appId, llmId, startedAtMs, costMicroUsd } of spends) {
        for (const entry of [account("app", appId), account("llm", llmId)]) {
          if (startedAtMs < entry.periodStartMs) continue;
          entry.unackedMicroUsd = Math.max(0, entry.unackedMicroUsd - costMicroUsd);
          entry.ackedMicroUsd += costMicroUsd;
          entry.ackedAtMs = now();
        }
      }
    },
    update(usage) {
      for (const { kind, id, periodStartMs, spentMicroUsd } of usage) {
        if (kind !== "app" && kind !== "llm") continue;
        const entry = account(kind, id);
        const isSamePeriod = periodStartMs === entry.hubPeriodMs;
        const grownBy = isSamePeriod ? Math.max(0, spentMicroUsd - entry.hubMicroUsd) : spentMicroUsd;
        const isStale = now() - entry.ackedAtMs > ackedForMs;
        entry.ackedMicroUsd = isStale ? 0 : Math.max(0, entry.ackedMicroUsd - grownBy);
        entry.hubPeriodMs = periodStartMs;
        entry.hubMicroUsd = spentMicroUsd;
      }
    },
    position(kind, id, budget) {
      const entry = account(kind, id);
      enterPeriod(entry, budget, now());
      return { spentMicroUsd: spent(entry), periodStartMs: entry.periodStartMs, requests: entry.requests, tokens: entry.tokens };
    },
  };
}
