/**
 * Money in two columns: whole micro-dollars, which a studio of the release before reads and adds, and the nano-dollars beyond. Sums
 * stop at the most micro-dollars that a number in JavaScript holds exactly.
 */
const most = `${Number.MAX_SAFE_INTEGER}::bigint`;
const mostNano = `${Number.MAX_SAFE_INTEGER}000::bigint`;

/** Both columns as nano-dollars, a bigint. */
export const nanoOf = (micro: string, rest: string): string => `(least(${micro}, ${most}) * 1000 + ${rest})`;

/** An amount of nano-dollars, any number, as one that both columns can hold. */
export const cappedNano = (nano: string): string => `least(${nano}, ${mostNano})::bigint`;

/** Sets both columns to an amount of nano-dollars. */
export const setNano = (micro: string, rest: string, nano: string): string =>
  `(${micro}, ${rest}) = (SELECT total / 1000, total % 1000 FROM (SELECT ${cappedNano(nano)} AS total) AS amount)`;
