import { costOf, type NanoUsd, nanoFromMicro, type Price, periodStart, splitNano, type Tokens } from "@portico/core";
import type { BudgetUsage } from "@portico/protocol/edge";
import type { App, Budget, Llm } from "../config/routing-table.ts";

/** Money set aside for a request in flight; released exactly once. */
export type Reservation = { release(): void };

export type Reserved =
  | { outcome: "reserved"; reservation: Reservation }
  /** isUsedUp: nothing is left; otherwise too little for this request. */
  | { outcome: "exceeded"; kind: "app" | "LLM"; name: string; isUsedUp: boolean };

/** Cost of requests of one app at one LLM that the hub has not acknowledged. */
export type Spend = { appId: number; llmId: number; startedAtMs: number; costNanoUsd: NanoUsd };

export type BudgetPosition = { spentNanoUsd: NanoUsd; periodStartMs: number; requests: number; tokens: number };

/**
 * Knows what apps and LLMs have spent in their periods: what the hub knew at last, plus what it has not acknowledged from
 * here, plus what is set aside for requests in flight. Everything is in memory; the journal gives back what a restart lost.
 */
export type Ledger = {
  /**
   * Sets money aside if what is left covers the estimate. A request that may cost more than its estimate holds up to `mostNanoUsd`, as far
   * as there is so much: near the end of a budget such requests go one after the other.
   */
  reserve(request: { app: App; llm: Llm; estimateNanoUsd: NanoUsd; mostNanoUsd?: NanoUsd }): Reserved;
  estimate(tokens: Tokens, price: Price): NanoUsd;
  /** Books what a request cost. */
  book(spend: Spend, tokens: number): void;
  /** The hub has these now, and says what is spent with them. @returns what is known of the hub's figures now. */
  acknowledge(spends: readonly Spend[], usage: readonly BudgetUsage[]): BudgetUsage[];
  /** Takes the hub's figures. @returns those known now. */
  update(usage: readonly BudgetUsage[]): BudgetUsage[];
  position(kind: "app" | "llm", id: number, budget: Budget | null): BudgetPosition;
};

type Account = {
  kind: "app" | "llm";
  id: number;
  periodStartMs: number;
  checkedMs: number;
  hubNanoUsd: NanoUsd;
  hubPeriodMs: number;
  // When the hub looked; 0 takes whatever is told next.
  hubReadAtUs: number;
  // By the day of its start, as the journal sums it: what has begun before the period stays out of it.
  unacked: Map<number, NanoUsd>;
  reservedNanoUsd: NanoUsd;
  requests: number;
  tokens: number;
};

class HeldReservation implements Reservation {
  readonly #app: Account;
  readonly #llm: Account;
  #nanoUsd: NanoUsd;

  constructor(app: Account, llm: Account, nanoUsd: NanoUsd) {
    this.#app = app;
    this.#llm = llm;
    this.#nanoUsd = nanoUsd;
  }

  release(): void {
    this.#app.reservedNanoUsd -= this.#nanoUsd;
    this.#llm.reservedNanoUsd -= this.#nanoUsd;
    this.#nanoUsd = 0;
  }
}

const periodCheckMs = 1_000;
// No message is on its way for longer: what seems older comes from a hub whose clock was set back.
const lateUs = 60_000_000;
const dayMs = 86_400_000;
const mostNanoUsd: NanoUsd = nanoFromMicro(Number.MAX_SAFE_INTEGER);
/** Clamps an amount to what the journal can store and read back. */
const amountOf = (nanoUsd: NanoUsd): NanoUsd => Math.min(Math.max(nanoUsd, 0), mostNanoUsd);
const dayOf = (ms: number): number => ms - (ms % dayMs);

/** @param options.now Unix milliseconds by the hub's clock. */
export function createLedger({ now }: { now: () => number }): Ledger {
  const apps = new Map<number, Account>();
  const llms = new Map<number, Account>();

  function account(kind: "app" | "llm", id: number): Account {
    const accounts = kind === "app" ? apps : llms;
    let found = accounts.get(id);
    if (!found) {
      found = {
        kind,
        id,
        periodStartMs: 0,
        checkedMs: 0,
        hubNanoUsd: 0,
        hubPeriodMs: 0,
        hubReadAtUs: 0,
        unacked: new Map(),
        reservedNanoUsd: 0,
        requests: 0,
        tokens: 0,
      };
      accounts.set(id, found);
    }
    return found;
  }

  function enterPeriod(entry: Account, budget: Budget | null, nowMs: number): void {
    if (Math.abs(nowMs - entry.checkedMs) < periodCheckMs && entry.periodStartMs >= Math.max(entry.hubPeriodMs, 1)) return;
    entry.checkedMs = nowMs;
    // Where this clock is behind the hub's, the hub's period has begun.
    const start = Math.max(periodStart(new Date(nowMs), budget?.anchor).getTime(), entry.hubPeriodMs);
    // What was counted before the account knew its period belongs to the one it is first seen in, and an anchor moved back makes
    // the same period longer.
    if (entry.periodStartMs > 0 && start > entry.periodStartMs) {
      for (const day of entry.unacked.keys()) if (day + dayMs <= start) entry.unacked.delete(day);
      entry.requests = 0;
      entry.tokens = 0;
    }
    entry.periodStartMs = start;
  }

  function spent(entry: Account): NanoUsd {
    let sum = entry.hubPeriodMs >= entry.periodStartMs ? entry.hubNanoUsd : 0;
    for (const [day, costNanoUsd] of entry.unacked) if (day + dayMs > entry.periodStartMs) sum += costNanoUsd;
    return sum;
  }

  /**
   * A figure says when it was looked at: what is looked at after an acknowledged batch was stored holds the batch, so the newer figure
   * counts, in whatever order they come. An older one can only add: of two looks at nearly the same time either may have seen more.
   */
  function hear({ kind, id, periodStartMs, spentMicroUsd, spentRestNanoUsd, readAtUs }: BudgetUsage): Account | undefined {
    if (kind !== "app" && kind !== "llm") return undefined;
    const entry = account(kind, id);
    const spentNanoUsd = amountOf(nanoFromMicro(spentMicroUsd) + spentRestNanoUsd);
    const isLate = readAtUs > 0 && readAtUs <= entry.hubReadAtUs && readAtUs > entry.hubReadAtUs - lateUs;
    if (!isLate) {
      entry.hubNanoUsd = spentNanoUsd;
      entry.hubPeriodMs = periodStartMs;
      entry.hubReadAtUs = readAtUs;
    } else if (periodStartMs === entry.hubPeriodMs) entry.hubNanoUsd = Math.max(entry.hubNanoUsd, spentNanoUsd);
    return entry;
  }

  /** Takes acknowledged spend out of what the hub does not have. */
  function settle(entry: Account, day: number, costNanoUsd: NanoUsd): void {
    const left = (entry.unacked.get(day) ?? 0) - costNanoUsd;
    if (left > 0) entry.unacked.set(day, left);
    else entry.unacked.delete(day);
  }

  /** A hub that acknowledges without figures is taken to have added the cost to the one it told last, until it tells the next. */
  function presume(entry: Account, day: number, costNanoUsd: NanoUsd): void {
    if (day + dayMs <= entry.periodStartMs) return;
    const known = entry.hubPeriodMs >= entry.periodStartMs ? entry.hubNanoUsd : 0;
    entry.hubPeriodMs = Math.max(entry.hubPeriodMs, entry.periodStartMs);
    entry.hubNanoUsd = amountOf(known + costNanoUsd);
    entry.hubReadAtUs = 0;
  }

  const known = ({ kind, id, hubPeriodMs, hubNanoUsd, hubReadAtUs }: Account): BudgetUsage => {
    const { microUsd, restNanoUsd } = splitNano(hubNanoUsd);
    return { kind, id, periodStartMs: hubPeriodMs, spentMicroUsd: microUsd, spentRestNanoUsd: restNanoUsd, readAtUs: hubReadAtUs };
  };
  const isAccount = (entry: Account | undefined): entry is Account => entry !== undefined;

  const left = (entry: Account, budget: Budget | null): NanoUsd =>
    budget ? budget.limitNanoUsd - spent(entry) - entry.reservedNanoUsd : Number.POSITIVE_INFINITY;

  return {
    estimate: costOf,
    reserve({ app, llm, estimateNanoUsd, mostNanoUsd = estimateNanoUsd }) {
      const nowMs = now();
      const ofApp = account("app", app.id);
      const ofLlm = account("llm", llm.id);
      enterPeriod(ofApp, app.budget, nowMs);
      enterPeriod(ofLlm, llm.budget, nowMs);
      const leftOfApp = left(ofApp, app.budget);
      const leftOfLlm = left(ofLlm, llm.budget);
      if (leftOfApp <= 0 || leftOfApp < estimateNanoUsd)
        return { outcome: "exceeded", kind: "app", name: app.name, isUsedUp: leftOfApp <= 0 };
      if (leftOfLlm <= 0 || leftOfLlm < estimateNanoUsd)
        return { outcome: "exceeded", kind: "LLM", name: llm.name, isUsedUp: leftOfLlm <= 0 };
      const held = Math.max(estimateNanoUsd, Math.min(mostNanoUsd, leftOfApp, leftOfLlm));
      ofApp.reservedNanoUsd += held;
      ofLlm.reservedNanoUsd += held;
      return { outcome: "reserved", reservation: new HeldReservation(ofApp, ofLlm, held) };
    },
    book({ appId, llmId, startedAtMs, costNanoUsd }, tokens) {
      const day = dayOf(startedAtMs);
      for (const entry of [account("app", appId), account("llm", llmId)]) {
        if (costNanoUsd > 0) entry.unacked.set(day, (entry.unacked.get(day) ?? 0) + costNanoUsd);
        if (startedAtMs < entry.periodStartMs) continue;
        entry.requests += 1;
        entry.tokens += tokens;
      }
    },
    acknowledge(spends, usage) {
      const told = new Set(usage.map(hear).filter(isAccount));
      const changed = new Set(told);
      for (const { appId, llmId, startedAtMs, costNanoUsd } of spends) {
        const day = dayOf(startedAtMs);
        for (const entry of [account("app", appId), account("llm", llmId)]) {
          settle(entry, day, costNanoUsd);
          if (!told.has(entry)) presume(entry, day, costNanoUsd);
          changed.add(entry);
        }
      }
      return [...changed].map(known);
    },
    update: (usage) => usage.map(hear).filter(isAccount).map(known),
    position(kind, id, budget) {
      const entry = account(kind, id);
      enterPeriod(entry, budget, now());
      return { spentNanoUsd: spent(entry), periodStartMs: entry.periodStartMs, requests: entry.requests, tokens: entry.tokens };
    },
  };
}
