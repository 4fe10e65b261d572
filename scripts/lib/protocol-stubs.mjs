import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { binDir, buildDir, root, toolEnv } from "./paths.mjs";
import { Stop } from "./stop.mjs";

const protocol = join(root, "packages", "protocol");
const stubs = join(protocol, "src", "gen");
const edge = join("portico", "edge", "v1", "edge.ts");
const throwing = /function longToNumber\(int64: \{ toString\(\): string \}\): number \{[\s\S]*?\n\}\n/;
const saturating = `function longToNumber(int64: { toString(): string }): number {
  const num = globalThis.Number(int64.toString());
  return globalThis.Math.min(globalThis.Math.max(num, globalThis.Number.MIN_SAFE_INTEGER), globalThis.Number.MAX_SAFE_INTEGER);
}
`;

/** Whether the stubs that are not in git have been written. */
export const stubsPresent = () => existsSync(join(stubs, "reference", "ai_studio_management.ts"));

/**
 * What the .proto files give now. It is generated into a folder aside, so that a process that reads the stubs meanwhile finds them all.
 * @returns {Promise<Map<string, string>>} text by path below `packages/protocol/src/gen`
 */
async function generate(children) {
  const aside = join(buildDir, "stubs");
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { recursive: true });
  try {
    await children.run(join(binDir, "buf"), ["generate", "--output", aside], { doing: "buf generate", cwd: protocol, env: toolEnv() });
    const files = filesOf(join(aside, "src", "gen"));
    if (files.size === 0) throw new Stop("buf generated no stubs from packages/protocol/proto.");
    return files.set(edge, saturateIntegers(files.get(edge)));
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** Brings `packages/protocol/src/gen` up to date; files that are right already are not touched. */
export async function writeStubs(children) {
  const fresh = await generate(children);
  const kept = filesOf(stubs);
  for (const [name, text] of fresh) {
    if (kept.get(name) === text) continue;
    const file = join(stubs, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  for (const name of kept.keys()) if (!fresh.has(name)) rmSync(join(stubs, name));
}

/** @returns {Promise<string[]>} the stubs that are not what the .proto files give */
export async function staleStubs(children) {
  const fresh = await generate(children);
  const kept = filesOf(stubs);
  return [...new Set([...fresh.keys(), ...kept.keys()])].filter((name) => fresh.get(name) !== kept.get(name));
}

/**
 * Has the hub's and the edges' stubs read an integer beyond 2^53-1 as 2^53-1. ts-proto throws, and one such number of one edge would make
 * the messages that carry it unreadable to all others.
 */
function saturateIntegers(text) {
  if (!throwing.test(text)) throw new Stop(`${edge} has no longToNumber to replace: see what ts-proto generates now.`);
  return text.replace(throwing, saturating);
}

function filesOf(dir) {
  if (!existsSync(dir)) return new Map();
  return new Map(
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(dir.length + 1), readFileSync(path, "utf8")]),
  );
}
