import { type Document, isCollection, isPair, isScalar, LineCounter, type Pair, parseDocument } from "yaml";
import type { DocumentFault, PlacedFault } from "./faults.ts";

/** Aliases of YAML that may be followed: a few lines can stand for billions. */
const maxAliases = 200;

export type Source = { ok: true; value: unknown; locate(faults: PlacedFault[]): DocumentFault[] } | { ok: false; faults: DocumentFault[] };

/** Reads JSON or YAML. Lines are looked up only when something is to be said of them: that costs more than reading JSON. */
export function readSource(text: string): Source {
  if (/^\s*[{[]/.test(text)) {
    try {
      return { ok: true, value: JSON.parse(text), locate: (faults) => locate(readYaml(text), faults) };
    } catch {
      // YAML says where the fault is, and is a superset of JSON.
    }
  }
  const yaml = readYaml(text);
  const { document, lines } = yaml;
  if (document.errors.length > 0)
    return {
      ok: false,
      faults: document.errors.slice(0, 20).map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        const [message = ""] = error.message.split(/ at line \d+/);
        return { severity: "error", line, column: col, path: "", message: `is neither JSON nor YAML: ${message}` };
      }),
    };
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: maxAliases }), locate: (faults) => locate(yaml, faults) };
  } catch (error) {
    const message = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, faults: [{ severity: "error", line: null, column: null, path: "", message }] };
  }
}

type Yaml = { document: Document.Parsed; lines: LineCounter };

function readYaml(text: string): Yaml {
  const lines = new LineCounter();
  return { document: parseDocument(text, { lineCounter: lines, prettyErrors: true, logLevel: "silent" }), lines };
}

function locate({ document, lines }: Yaml, faults: PlacedFault[]): DocumentFault[] {
  return faults.map(({ path, ...fault }) => {
    const offset = offsetOf(document, path);
    const at = offset === undefined ? undefined : lines.linePos(offset);
    return { ...fault, line: at?.line ?? null, column: at?.col ?? null, path: path.join(".") };
  });
}

/** Where the deepest part of the path that is there begins: for something that is missing, what it is missing from. */
function offsetOf(document: Document.Parsed, path: string[]): number | undefined {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0];
  for (const part of path) {
    if (!isCollection(node)) break;
    const items: unknown[] = node.items;
    const pair = items.find((item): item is Pair => isPair(item) && isScalar(item.key) && String(item.key.value) === part);
    const next: unknown = pair ?? node.get(Number(part), true);
    if (next === undefined) break;
    const key = pair ? pair.key : next;
    offset = rangeStart(key) ?? offset;
    node = pair ? pair.value : next;
  }
  return offset;
}

const rangeStart = (node: unknown): number | undefined => {
  const range = typeof node === "object" && node !== null && "range" in node ? node.range : undefined;
  return Array.isArray(range) && typeof range[0] === "number" ? range[0] : undefined;
};
