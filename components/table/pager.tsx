import { ActionIcon, Select } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import type { ListMeta } from "../../server/http/contract.ts";
import { formatCount } from "../ui/format.ts";
import classes from "./data-table.module.css";
import { defaultPageSize, pageSizes } from "./list-query.ts";

export function Pager({
  meta,
  size,
  label,
  change,
}: {
  meta: ListMeta;
  size: number;
  label: string;
  change: (changes: Record<string, string | null>) => void;
}) {
  const { page_number: page, total_pages: pages, total_count: total } = meta;
  if (total <= defaultPageSize && page === 1) return null;
  // An address may name a page past the last.
  const isPast = page > Math.max(1, pages);
  const first = total === 0 || isPast ? 0 : (page - 1) * meta.page_size + 1;
  const last = Math.min(total, page * meta.page_size);
  const turn = (to: number) => change({ page: to === 1 ? null : String(to) });
  return (
    <nav className={classes.pager} aria-label={`Pages of ${label}`}>
      <span className="num quiet">
        {isPast ? "0" : `${formatCount(first)}–${formatCount(last)}`} of {formatCount(total)}
      </span>
      <Select
        aria-label="Rows per page"
        size="xs"
        w={118}
        allowDeselect={false}
        value={String(size)}
        data={pageSizes.map((each) => ({ value: String(each), label: `${each} a page` }))}
        onChange={(value) => change({ size: value === String(defaultPageSize) ? null : value })}
      />
      <span className={classes.turn}>
        <ActionIcon aria-label="Previous page" disabled={page <= 1} onClick={() => turn(Math.min(page - 1, Math.max(1, pages)))}>
          <IconChevronLeft size={18} />
        </ActionIcon>
        <span className="num">
          {formatCount(page)} / {formatCount(Math.max(1, pages))}
        </span>
        <ActionIcon aria-label="Next page" disabled={page >= pages} onClick={() => turn(page + 1)}>
          <IconChevronRight size={18} />
        </ActionIcon>
      </span>
    </nav>
  );
}
