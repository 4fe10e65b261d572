import { type Address, isIn, parseRange, type Range } from "./addresses.ts";

/** Addresses and hosts that a setting names. */
export type Rules = { hasHost(host: string): boolean; hasAddress(address: Address): boolean };

const hostForm = /^(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/i;

/**
 * Reads a setting: addresses (`10.1.2.3`), ranges (`10.0.0.0/8`) and host names (`ollama.internal`, `*.internal`), separated by commas
 * or spaces.
 * @throws Error naming the setting and the entry that is none of these.
 */
export function readRules(name: string, setting = ""): Rules {
  const ranges: Range[] = [];
  const hosts = new Set<string>();
  for (const entry of setting.split(/[\s,]+/).filter(Boolean)) {
    const range = rangeOf(entry);
    if (range) ranges.push(range);
    // What looks like an address and is none must not become the name of a host that nobody has.
    else if (hostForm.test(entry) && !/^[\d.]+$/.test(entry)) hosts.add(entry.toLowerCase());
    else throw new Error(`${name}: "${entry}" is not an address, a range like 10.0.0.0/8, or a host name like *.internal.`);
  }
  return {
    hasHost(host) {
      if (hosts.size === 0) return false;
      if (hosts.has(host)) return true;
      for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) if (hosts.has(`*${host.slice(dot)}`)) return true;
      return false;
    },
    hasAddress: (address) => ranges.some((range) => isIn(address, range)),
  };
}

function rangeOf(entry: string): Range | undefined {
  if (!/[:/]|^[\d.]+$/.test(entry)) return undefined;
  try {
    return parseRange(entry);
  } catch {
    return undefined;
  }
}
