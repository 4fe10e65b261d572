/**
 * Money is an integer in code and database. What calls cost and what is spent is in nano-dollars (1 USD = 1 000 000 000), so that
 * calls of a few tokens add up; limits and prices of a million tokens are in micro-dollars. The wire keeps dollars; this module converts,
 * nothing else does. Sums beyond 2^53 nano-dollars (9 million dollars) are as exact as a number is: to a micro-dollar.
 */
export type NanoUsd = number;
export type MicroUsd = number;

const micros = 1_000_000;
const nanosPerMicro = 1_000;

/** Dollars, as people and the REST API write them, to micro-dollars; rounded to the nearest. */
export const microFromDollars = (dollars: number): MicroUsd => Math.round(dollars * micros);
export const dollarsFromMicro = (amount: MicroUsd): number => amount / micros;
export const nanoFromMicro = (amount: MicroUsd): NanoUsd => amount * nanosPerMicro;
export const dollarsFromNano = (amount: NanoUsd): number => amount / (micros * nanosPerMicro);

/** An amount as whole micro-dollars and the nano-dollars beyond, as tables and messages keep it. */
export type SplitUsd = { microUsd: MicroUsd; restNanoUsd: NanoUsd };
export function splitNano(amount: NanoUsd): SplitUsd {
  if (amount > Number.MAX_SAFE_INTEGER)
    return { microUsd: Math.min(Math.round(amount / nanosPerMicro), Number.MAX_SAFE_INTEGER), restNanoUsd: 0 };
  const microUsd = Math.floor(amount / nanosPerMicro);
  return { microUsd, restNanoUsd: amount - microUsd * nanosPerMicro };
}

/** What a usage record costs. Edges leave out what the micro-dollars say already, and those of older releases say nothing else. */
export const recordedCost = ({ costMicroUsd, costNanoUsd }: { costMicroUsd: MicroUsd; costNanoUsd?: NanoUsd | undefined }): NanoUsd =>
  costNanoUsd ?? nanoFromMicro(costMicroUsd);

/** Dollars for one token (the wire's unit of prices) to micro-dollars for a million tokens. */
export const perMillionFromPerToken = (dollarsPerToken: number): MicroUsd => Math.round(dollarsPerToken * micros * micros);
export const perTokenFromPerMillion = (microUsdPerMillion: MicroUsd): number => microUsdPerMillion / micros / micros;

export type Price = {
  inputMicroUsdPerMillion: MicroUsd;
  outputMicroUsdPerMillion: MicroUsd;
  /** Of tokens that are cached for five minutes. */
  cacheWriteMicroUsdPerMillion: MicroUsd;
  /** Of tokens that are cached for an hour; undefined derives it from the price above. */
  cacheWriteHourMicroUsdPerMillion?: MicroUsd | undefined;
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

/** Vendors charge 2 times the price of input for an hour and 1.25 times for five minutes: 8/5 of it. */
export const cacheWriteHourPriceOf = (price: Price): MicroUsd =>
  price.cacheWriteHourMicroUsdPerMillion ?? (price.cacheWriteMicroUsdPerMillion * 8) / 5;

/** What a call costs, rounded half up to a nano-dollar. `tokens.prompt` excludes cached tokens. */
export function costOf(tokens: Tokens, price: Price): NanoUsd {
  const cacheWriteHour = tokens.cacheWriteHour ?? 0;
  const total =
    tokens.prompt * price.inputMicroUsdPerMillion +
    tokens.response * price.outputMicroUsdPerMillion +
    (tokens.cacheWrite - cacheWriteHour) * price.cacheWriteMicroUsdPerMillion +
    (cacheWriteHour === 0 ? 0 : cacheWriteHour * cacheWriteHourPriceOf(price)) +
    tokens.cacheRead * price.cacheReadMicroUsdPerMillion;
  return Math.round(total / nanosPerMicro);
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
