import { createHash } from "node:crypto";
import type { ObjectKind } from "@portico/protocol/kinds";
import type { Db } from "./client.ts";
import type { Counts } from "./counts.ts";
import { type ListQuery, type Page, pageOf } from "./paging.ts";

/** Names as people sort them (migration 024): regardless of case and accents at first, and numbers by their value. */
export const inNaturalOrder = (column: string): string => `${column} COLLATE natural_order`;

/** SQL of what a list is sorted by. Without `nulls` they come last in ascending order, as in PostgreSQL. */
type Sort = string | { by: string; nulls: "last" | "smallest" };

export type ListingDefinition<Filters extends object> = {
  /** Kinds of object that change what is listed: a total is remembered until one of them changes. Without any it is counted each time. */
  kinds: readonly ObjectKind[];
  /** The table as `t`, with joins that add no rows. `t.id` is unique. */
  from: string;
  /** SQL of what is read of each row; `t.id` unless said otherwise. */
  select?: string;
  /** Condition on all rows. */
  where?: string;
  /** What a caller may sort by. Rows that are equal there are in the order of their ids. */
  sorts: { readonly [name: string]: Sort };
  /** SQL of the texts that are searched. */
  search: readonly string[];
  /** Condition of each filter; `?` stands for its value. A filter that is undefined is left out. */
  filters: { readonly [K in keyof Filters]-?: string };
};

export type Listing<Row, Filters extends object> = {
  page(query: ListQuery, filters: Filters): Promise<Page<Row>>;
  total(filters: Filters): Promise<number>;
};

/** A named statement stays in each connection for good. Beyond so many texts a list goes without. */
const maxNamed = 200;

/**
 * The one way to query a list: search, filters, order, page and total. Texts of statements are few (sorts times filters), so they are
 * named: PostgreSQL plans each once a connection, which takes longer than to fetch twenty rows.
 */
export function createListing<Row extends object = { id: number }, Filters extends object = Record<never, never>>(
  { db, counts }: { db: Db; counts: Counts },
  { kinds, from, select = "t.id", where, sorts, search, filters: conditions }: ListingDefinition<Filters>,
): Listing<Row, Filters> {
  const names = new Map<string, string>();

  function named(text: string): { name?: string } {
    let name = names.get(text);
    if (name === undefined) {
      if (names.size >= maxNamed) return {};
      name = `list ${createHash("sha256").update(text).digest("base64url").slice(0, 22)}`;
      names.set(text, name);
    }
    return { name };
  }

  function condition(q: string, filters: Filters, bind: (value: unknown) => string): string {
    const parts = where ? [where] : [];
    if (q) {
      const pattern = bind(`%${q.replace(/[\\%_]/g, "\\$&")}%`);
      parts.push(`(${search.map((text) => `${text} ILIKE ${pattern}`).join(" OR ")})`);
    }
    for (const name of Object.keys(conditions) as (keyof Filters)[]) {
      const value = filters[name];
      if (value !== undefined) parts.push(conditions[name].replaceAll("?", bind(value)));
    }
    return parts.length > 0 ? `WHERE ${parts.join(" AND ")}` : "";
  }

  function orderOf({ column, descending }: ListQuery["sort"]): string {
    const sort = Object.hasOwn(sorts, column) ? sorts[column] : undefined;
    if (sort === undefined) throw new Error(`${from} is not sorted by ${column}`);
    const { by, nulls } = typeof sort === "string" ? { by: sort, nulls: undefined } : sort;
    const place = nulls === undefined ? "" : nulls === "last" || descending ? " NULLS LAST" : " NULLS FIRST";
    return `${by} ${descending ? "DESC" : "ASC"}${place}${column === "id" ? "" : ", t.id"}`;
  }

  function total(condition: string, values: unknown[]): Promise<number> {
    const text = `SELECT count(*) AS total FROM ${from} ${condition}`;
    const count = async () => (await db.sql.query<{ total: number }>({ ...named(text), text, values })).rows[0]?.total ?? 0;
    return kinds.length === 0 ? count() : counts(kinds, `${from} ${condition}`, values, count);
  }

  return {
    async page(query, filters) {
      const values: unknown[] = [];
      const bind = (value: unknown) => `$${values.push(value)}`;
      const rowsMatching = condition(query.q, filters, bind);
      const filterValues = [...values];
      const order = orderOf(query.sort);
      const range = `${rowsMatching} ORDER BY ${order} LIMIT ${bind(query.size)} OFFSET ${bind(query.offset)}`;
      // The rows of earlier pages are skipped in the index, not fetched and dropped.
      const text =
        query.offset === 0
          ? `SELECT ${select} FROM ${from} ${range}`
          : `SELECT ${select} FROM ${from} WHERE t.id = ANY(ARRAY(SELECT t.id FROM ${from} ${range})) ORDER BY ${order}`;
      const [{ rows }, count] = await Promise.all([db.sql.query<Row>({ ...named(text), text, values }), total(rowsMatching, filterValues)]);
      return pageOf(query, rows, count);
    },

    total(filters) {
      const values: unknown[] = [];
      return total(
        condition("", filters, (value) => `$${values.push(value)}`),
        values,
      );
    },
  };
}

/** A select list that names each expression as the row does. */
export const selectAs = <Row>(columns: { readonly [K in keyof Row]-?: string }): string =>
  Object.entries<string>(columns)
    .map(([name, sql]) => `${sql} AS "${name}"`)
    .join(", ");

/**
 * Replaces a page's ids by their rows, which the store reads as it does elsewhere, relations included. Rows that were deleted meanwhile
 * are left out.
 */
export async function loadPage<Row extends { id: number }>(
  page: Page<{ id: number }>,
  load: (ids: number[]) => Promise<Row[]>,
): Promise<Page<Row>> {
  const rows = page.items.length === 0 ? [] : await load(page.items.map(({ id }) => id));
  const byId = new Map(rows.map((row) => [row.id, row]));
  return { ...page, items: page.items.flatMap(({ id }) => byId.get(id) ?? []) };
}
