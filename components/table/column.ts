import { nameIn } from "@portico/protocol/kinds";
import type { ReactNode } from "react";
import type { Resource } from "../api/types.ts";

/** What a row is called, for people. */
export const nameOfRow = (row: Resource<unknown>): string => nameIn(row.attributes as object) ?? `#${row.id}`;

/** One column of a list. */
export type Column<A> = {
  id: string;
  header: string;
  /** What the cell holds as plain data: shown when there is no `cell`, and exported. */
  value: (row: Resource<A>) => string | number | boolean | null | undefined;
  cell?: (row: Resource<A>) => ReactNode;
  /** The API's name for sorting by it; absent where it cannot. */
  sort?: string;
  align?: "right";
  /** Data face: ids, numbers, code. */
  mono?: boolean;
  /** CSS width. */
  width?: string;
  /** Not shown until selected. */
  extra?: boolean;
  /** 2 leaves below 900 px of table width, 3 below 1100 px, unless somebody selected it; 1 always stays. */
  rank?: 1 | 2 | 3;
};

/** Something to do with one row or several. `run` is called for each; one failing does not stop the others. */
export type BulkAction<A> = {
  label: string;
  /** What is asked before, for what cannot be undone. `dependents`: what depends on each row is shown. */
  confirm?: { verb: string; lead: string; dependents?: boolean };
  done: string;
  /** Why there is nothing to do for a row, e.g. "already off". */
  skip?: (row: Resource<A>) => string | undefined;
  run: (row: Resource<A>) => Promise<unknown>;
};
