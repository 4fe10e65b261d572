import { z } from "zod";

export type Page<T> = { items: T[]; total: number; number: number; size: number };

/** What a list was asked for. `sort` is a column of the list's allow-list. */
export type ListQuery = { number: number; size: number; offset: number; q: string; sort: { column: string; descending: boolean } };

const wholeNumber = (fallback: number, max: number) =>
  z.coerce.number("must be a whole number").int("must be a whole number").min(1, "must be 1 or more").max(max).default(fallback);

/**
 * The query of every list: `page`, `page_size` (= `limit`), `sort` (`-column` is descending), `q` (= `search`), `all=true`, and the
 * list's own filters.
 */
export function listQuery<F extends z.ZodRawShape>({
  sortable,
  defaultSort = "id",
  filters,
}: {
  sortable: readonly string[];
  defaultSort?: string;
  filters?: F;
}) {
  const columns = sortable as readonly [string, ...string[]];
  const sorts = columns.flatMap((column) => [column, `-${column}`]);
  return z
    .object({
      page: wholeNumber(1, 1_000_000),
      page_size: wholeNumber(10, 1000).optional(),
      limit: wholeNumber(10, 1000).optional(),
      all: z.enum(["true", "false"]).optional(),
      q: z.string().trim().max(200).optional(),
      search: z.string().trim().max(200).optional(),
      sort: z
        .string()
        .refine((sort) => sorts.includes(sort), `must be one of ${sorts.join(", ")}`)
        .default(defaultSort),
      ...(filters ?? ({} as F)),
    })
    .transform((query) => {
      const { page, page_size, limit, all, q, search, sort, ...rest } = query as typeof query & {
        page: number;
        page_size?: number;
        limit?: number;
        all?: string;
        q?: string;
        search?: string;
        sort: string;
      };
      const size = all === "true" ? 1000 : (page_size ?? limit ?? 10);
      const number = all === "true" ? 1 : page;
      const list: ListQuery = {
        number,
        size,
        offset: (number - 1) * size,
        q: q ?? search ?? "",
        sort: { column: sort.replace(/^-/, ""), descending: sort.startsWith("-") },
      };
      return { list, filters: rest as z.output<z.ZodObject<F>> };
    });
}

export const pageOf = <T>(list: ListQuery, items: T[], total: number): Page<T> => ({ items, total, number: list.number, size: list.size });
