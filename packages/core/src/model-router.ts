import { linearPattern } from "./patterns.ts";

/* How a router picks an LLM for a model: the same in studio's dry run and in gateways. */

export type RouterVendor = { llmId: number; weight: number; active: boolean; mappings: { source: string; target: string }[] };
export type RouterPool = {
  name: string;
  pattern: string;
  algorithm: "round_robin" | "weighted";
  priority: number;
  vendors: RouterVendor[];
};

/** A vendor that may be picked, how likely it is, and what it is asked for. */
export type Candidate<V extends RouterVendor = RouterVendor> = { vendor: V; share: number; model: string };

/** Globs, separated by commas: `*` and `?` stop at a slash, `[a-z]` is a class, `\` takes the next character as it is. */
export const globsOf = (pattern: string): string[] =>
  pattern
    .split(",")
    .map((glob) => glob.trim())
    .filter((glob) => glob !== "");

/** What is wrong with a pattern, as a sentence's end. */
export function faultOfGlobs(pattern: string): string | undefined {
  const globs = globsOf(pattern);
  if (globs.length === 0) return "must name models, e.g. claude-*";
  for (const glob of globs) {
    try {
      linearPattern(regexpOf(glob));
    } catch (error) {
      return `has a pattern that cannot be read, ${JSON.stringify(glob)}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return undefined;
}

export const matchesGlobs = (pattern: string, model: string): boolean =>
  globsOf(pattern).some((glob) => linearPattern(regexpOf(glob)).test(model));

function regexpOf(glob: string): string {
  let source = "";
  for (let at = 0; at < glob.length; at++) {
    const char = glob[at] as string;
    if (char === "*") source += "[^/]*";
    else if (char === "?") source += "[^/]";
    else if (char === "[") {
      const end = glob.indexOf("]", at + 2);
      if (end < 0) throw new Error("a [ has no ]");
      source += `[${glob.slice(at + 1, end).replace(/[[\\]/g, "\\$&")}]`;
      at = end;
    } else {
      if (char === "\\" && at + 1 === glob.length) throw new Error("a \\ ends it");
      source += (char === "\\" ? (glob[++at] as string) : char).replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
    }
  }
  return `^${source}$`;
}

/** The pool of the highest priority that takes the model; of equal ones the first. */
export function poolFor<P extends RouterPool>(pools: readonly P[], model: string): P | undefined {
  let best: P | undefined;
  for (const pool of pools) if ((!best || pool.priority > best.priority) && matchesGlobs(pool.pattern, model)) best = pool;
  return best;
}

/** Who may be picked of a pool. Shares add up to one. */
export function candidatesOf<V extends RouterVendor>(
  { algorithm, vendors }: { algorithm: RouterPool["algorithm"]; vendors: readonly V[] },
  model: string,
): Candidate<V>[] {
  const active = vendors.filter((vendor) => vendor.active);
  const weightOf = ({ weight }: V) => (algorithm === "weighted" ? Math.max(1, weight) : 1);
  const total = active.reduce((sum, vendor) => sum + weightOf(vendor), 0);
  return active.map((vendor) => ({
    vendor,
    share: weightOf(vendor) / total,
    model: vendor.mappings.find(({ source }) => source === model)?.target ?? model,
  }));
}
