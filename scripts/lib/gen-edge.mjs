import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const generated = join("src", "gen", "portico", "edge", "v1", "edge.ts");
const throwing = /function longToNumber\(int64: \{ toString\(\): string \}\): number \{[\s\S]*?\n\}\n/;
const saturating = `function longToNumber(int64: { toString(): string }): number {
  const num = globalThis.Number(int64.toString());
  return globalThis.Math.min(globalThis.Math.max(num, globalThis.Number.MIN_SAFE_INTEGER), globalThis.Number.MAX_SAFE_INTEGER);
}
`;

/**
 * Has the hub's and the edges' stubs read an integer beyond 2^53-1 as 2^53-1. ts-proto throws, and one such number of one edge would make
 * the messages that carry it unreadable to all others.
 */
export function saturateEdgeIntegers(dir) {
  const file = join(dir, generated);
  const text = readFileSync(file, "utf8");
  if (!throwing.test(text)) throw new Error(`${file} has no longToNumber to replace: see what ts-proto generates now.`);
  writeFileSync(file, text.replace(throwing, saturating));
}
