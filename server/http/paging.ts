import { z } from "zod";
import { type ListQuery, maxPageSize } from "../db/paging.ts";
import { queryInteger } from "../fields/contract.ts";

const PageSize = queryInteger({ min: 1, max: maxPageSize }).optional();

/**
 * The query of every list: `page`, `page_size` (= `limit`), `sort` (`-column` is descending), `q` (= `search`), `all=true` for the
 * largest pages there are, and the list's own filters.
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
      page: queryInteger({ min: 1, max: 1_000_000 }).default(1),
      page_size: PageSize,
      limit: PageSize,
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
      const size = all === "true" ? maxPageSize : (page_size ?? limit ?? 10);
      const list: ListQuery = {
        number: page,
        size,
        offset: (page - 1) * size,
        q: q ?? search ?? "",
        sort: { column: sort.replace(/^-/, ""), descending: sort.startsWith("-") },
      };
      return { list, filters: rest as z.output<z.ZodObject<F>> };
    });
}
