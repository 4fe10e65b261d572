/**
 * Money is an integer of micro-dollars in code and database (1 USD = 1 000 000). The wire keeps dollars; this module
 * converts, nothing else does.
 */
export type MicroUsd = number;

const micros = 1_000_000;

/** Dollars, as people and the REST API write them, to micro-dollars; rounded to the nearest. */
export const fromDollars = (dollars: number): MicroUsd => Math.round(dollars * micros);
export const toDollars = (amount: MicroUsd): number => amount / micros;

/** Dollars for one token (the wire's unit of prices) to micro-dollars for a million tokens. */
export const perMillionFromPerToken = (dollarsPerToken: number): MicroUsd => Math.round(dollarsPerToken * micros * micros);
export const perTokenFromPerMillion = (microUsdPerMillion: MicroUsd): number => microUsdPerMillion / micros / micros;

export type Price = {
  inputMicroUsdPerMillion: MicroUsd;
  outputMicroUsdPerMillion: MicroUsd;
  cacheWriteMicroUsdPerMillion: MicroUsd;
  cacheReadMicroUsdPerMillion: MicroUsd;
};
export type Tokens = {
  prompt: number;
  response: number;
  cacheWrite: number;
  cacheRead: number;
  /** Those of `cacheWrite` that are kept for an hour. */
  cacheWriteHour?: number | undefined;
};

/**
 * What keeping a token for an hour costs beyond keeping it for five minutes, as a part of the price of a cache write: vendors take 2 times the
 * price of input for the one and 1.25 times for the other.
 */
const hourSurcharge = 2 / 1.25 - 1;

/** What a call costs, rounded half up to a micro-dollar. `tokens.prompt` excludes cached tokens. */
export function costOf(tokens: Tokens, price: Price): MicroUsd {
  const total =
    tokens.prompt * price.inputMicroUsdPerMillion +
    tokens.response * price.outputMicroUsdPerMillion +
    (tokens.cacheWrite + hourSurcharge * (tokens.cacheWriteHour ?? 0)) * price.cacheWriteMicroUsdPerMillion +
    tokens.cacheRead * price.cacheReadMicroUsdPerMillion;
  return Math.round(total / micros);
}

/**
 * Start of the budget period that `at` lies in: the calendar month (UTC), or the month that begins on the anchor's day.
 * An anchor inside the current period (a reset) begins it exactly.
 */
export function periodStart(at: Date, anchor?: Date | null): Date {
  if (!anchor || anchor > at) return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1));
  const startIn = (year: number, month: number) => {
    const days = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
    return new Date(Date.UTC(year, month, Math.min(anchor.getUTCDate(), days)));
  };
  let start = startIn(at.getUTCFullYear(), at.getUTCMonth());
  if (start > at) start = startIn(at.getUTCFullYear(), at.getUTCMonth() - 1);
  return start < anchor ? new Date(Math.floor(anchor.getTime() / 1000) * 1000) : start;
}
