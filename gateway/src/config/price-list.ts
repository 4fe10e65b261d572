import { cacheWriteHourPriceOf, type Price } from "@portico/core";

/** Prices by vendor, then model, as administrators entered them. */
export type Prices = ReadonlyMap<string, ReadonlyMap<string, Price>>;

export type PriceList = {
  of(vendor: string, model: string): Price | undefined;
  /** The highest price of each kind of token over all of a vendor's models. */
  dearest(vendor: string): Price | undefined;
};

type VendorPrices = {
  exact: ReadonlyMap<string, Price>;
  byName: Map<string, Price>;
  aliases: Map<string, Price | undefined>;
  dearest: Price;
};

const rememberedAliases = 1_000;

/**
 * Finds prices of models under the names that requests use: another case, a dated snapshot of a model that is priced without its date (or
 * with another one), a vendor's prefix. Of several that fit, the dearest counts.
 */
export function createPriceList(prices: Prices): PriceList {
  const vendors = new Map<string, VendorPrices>();
  for (const [vendor, exact] of prices) {
    const byName = new Map<string, Price>();
    for (const [model, price] of exact)
      for (const name of new Set([model.toLowerCase(), baseName(model)])) byName.set(name, dearestOf([byName.get(name), price]) ?? price);
    const dearest = dearestOf([...exact.values()]);
    if (dearest) vendors.set(vendor, { exact, byName, aliases: new Map(), dearest });
  }

  function alias({ byName, aliases }: VendorPrices, model: string): Price | undefined {
    const known = aliases.get(model);
    if (known || aliases.has(model)) return known;
    const price = byName.get(model.toLowerCase()) ?? byName.get(baseName(model));
    if (aliases.size >= rememberedAliases) aliases.clear();
    aliases.set(model, price);
    return price;
  }

  return {
    of(vendor, model) {
      const list = vendors.get(vendor);
      return list && (list.exact.get(model) ?? (model === "" ? undefined : alias(list, model)));
    },
    dearest: (vendor) => vendors.get(vendor)?.dearest,
  };
}

const dated = /[-@](?:\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|latest)$/;

/** A model's name in lower case, without a vendor in front and a date behind. */
const baseName = (model: string): string => model.toLowerCase().replace(/^.*\//, "").replace(dated, "");

/** undefined while no price names one: it is derived from that of five minutes. */
const dearestHour = (one: Price | undefined, other: Price): number | undefined =>
  one?.cacheWriteHourMicroUsdPerMillion === undefined && other.cacheWriteHourMicroUsdPerMillion === undefined
    ? undefined
    : Math.max(one ? cacheWriteHourPriceOf(one) : 0, cacheWriteHourPriceOf(other));

/** The dearest of each kind of token; undefined when there is none. */
export function dearestOf(prices: readonly (Price | undefined)[]): Price | undefined {
  let dearest: Price | undefined;
  for (const price of prices) {
    if (!price) continue;
    const { inputMicroUsdPerMillion: input, outputMicroUsdPerMillion: output } = price;
    const { cacheWriteMicroUsdPerMillion: cacheWrite, cacheReadMicroUsdPerMillion: cacheRead } = price;
    dearest = {
      inputMicroUsdPerMillion: Math.max(dearest?.inputMicroUsdPerMillion ?? 0, input),
      outputMicroUsdPerMillion: Math.max(dearest?.outputMicroUsdPerMillion ?? 0, output),
      cacheWriteMicroUsdPerMillion: Math.max(dearest?.cacheWriteMicroUsdPerMillion ?? 0, cacheWrite),
      cacheWriteHourMicroUsdPerMillion: dearestHour(dearest, price),
      cacheReadMicroUsdPerMillion: Math.max(dearest?.cacheReadMicroUsdPerMillion ?? 0, cacheRead),
    };
  }
  return dearest && Object.freeze(dearest);
}
