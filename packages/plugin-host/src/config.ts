/** A finite number without exponent: 1e21 and 1e-7 in full digits, as a config map of strings needs it. */
function plainDecimal(value: number): string {
  if (Number.isInteger(value)) return BigInt(value).toString();
  const text = String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e-(\d+)$/.exec(text);
  if (!match) return text;
  const [, sign, lead, fraction = "", exponent] = match;
  return `${sign}0.${"0".repeat(Number(exponent) - 1)}${lead}${fraction}`;
}

/** Config values as a plugin receives them: text as it is, numbers and booleans in plain form, everything else as JSON. */
export function stringifyConfig(config: Record<string, unknown>): Record<string, string> {
  const entries = Object.entries(config)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => {
      if (typeof value === "string") return [key, value] as const;
      if (typeof value === "number" && Number.isFinite(value)) return [key, plainDecimal(value)] as const;
      return [key, JSON.stringify(value) ?? "null"] as const;
    });
  return Object.fromEntries(entries);
}
