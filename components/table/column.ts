import type { ReactNode } from "react";
import type { Resource } from "../api/types.ts";

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
  /** Not shown until chosen. */
  extra?: boolean;
  /** 2 leaves below 900 px of table width, 3 below 1200 px; 1 always stays. */
  rank?: 1 | 2 | 3;
};

/** Something to do with several rows at once. `run` is called for each; one failing does not stop the others. */
export type BulkAction<A> = {
  label: string;
  /** What is asked before, for what cannot be undone. */
  confirm?: { verb: string; lead: string };
  done: string;
  run: (row: Resource<A>) => Promise<unknown>;
};
