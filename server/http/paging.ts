import { z } from "zod";
import { type ListQuery, maxPageSize } from "../db/paging.ts";
import { queryInteger } from "../fields/contract.ts";

const PageSize = queryInteger({ min: 1, max: maxPageSize }).optional();
const PageNumber = queryInteger({ min: 1, max: 1_000_000 }).optional();
const Search = z.string().trim().max(200).optional();

const pageParameters = {
  page: PageNumber,
  page_number: PageNumber,
  page_size: PageSize,
  limit: PageSize,
  offset: queryInteger({ max: 1_000_000_000 }).optional(),
  all: z.enum(["true", "false"]).optional(),
  q: Search,
  search: Search,
};

/** Sort parameters; an order is a column, `-` before it for descending. */
function orderParameters(columns: readonly string[]) {
  const orders = columns.flatMap((column) => [column, `-${column}`]);
  const oneOf = (known: readonly string[]) =>
    z
      .string()
      .refine((value) => known.includes(value), `must be one of ${known.join(", ")}`)
      .optional();
  return { sort: oneOf(orders), sort_by: oneOf(columns), sort_direction: z.enum(["asc", "desc"]).optional() };
}

type ListParameters = z.output<z.ZodObject<typeof pageParameters & ReturnType<typeof orderParameters>>>;

/**
 * The query of every list: `page` (= `page_number`) or `offset`, `page_size` (= `limit`), `sort` (`-column` is descending) or `sort_by`
 * with `sort_direction`, `q` (= `search`), `all=true` for the largest pages there are, and the list's own filters.
 */
export function listQuery<F extends z.ZodRawShape>({
  sortable,
  defaultSort = "id",
  filters,
  isWhole = false,
}: {
  sortable: readonly string[];
  defaultSort?: string;
  filters?: F;
  /** Without a parameter that asks for a page, everything is answered. */
  isWhole?: boolean;
}) {
  const shape = { ...pageParameters, ...orderParameters(sortable), ...(filters ?? ({} as F)) };
  return z.object(shape).transform((query) => {
    const { page, page_number, page_size, limit, offset, all, q, search, sort, sort_by, sort_direction, ...rest } = query as ListParameters;
    const size = all === "true" ? maxPageSize : (page_size ?? limit ?? 10);
    const number = page ?? page_number;
    const asked = sort ?? (sort_by && (sort_direction === "desc" ? `-${sort_by}` : sort_by)) ?? defaultSort;
    const list: ListQuery = {
      number: number ?? Math.floor((offset ?? 0) / size) + 1,
      size,
      offset: number === undefined ? (offset ?? 0) : (number - 1) * size,
      q: q ?? search ?? "",
      sort: { column: asked.replace(/^-/, ""), descending: asked.startsWith("-") },
      isWhole: isWhole && (page_size ?? limit ?? number ?? offset) === undefined,
    };
    return { list, filters: rest as z.output<z.ZodObject<F>> };
  });
}
