/** The wire's dollars per token as people read prices: per million. Rounded to a micro-dollar. */
export const perMillion = (perToken: number): number => Math.round(perToken * 1e12) / 1e6;

export const perToken = (million: number): number => million / 1e6;
