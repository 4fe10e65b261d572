/** Something wrong with a document, at a place that a person can find. Line and column count from 1. */
export type DocumentFault = {
  severity: "error" | "warning";
  line: number | null;
  column: number | null;
  /** E.g. `paths./tickets.get.responses`; "" is the whole document. */
  path: string;
  message: string;
};

/** A fault whose line is not known yet. */
export type PlacedFault = { severity: "error" | "warning"; path: string[]; message: string };

export const errorAt = (path: string[], message: string): PlacedFault => ({ severity: "error", path, message });
export const warningAt = (path: string[], message: string): PlacedFault => ({ severity: "warning", path, message });

/** One line for an error message: place, then what is wrong there. */
export function sentenceOf({ line, path, message }: DocumentFault): string {
  const place = [line === null ? "" : `line ${line}`, path].filter((part) => part !== "").join(", ");
  return place === "" ? message : `${place}: ${message}`;
}
