import { Checkbox } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import type { Column } from "./column.ts";
import classes from "./data-table.module.css";

export function TableHead<A>({
  columns,
  sort,
  onSort,
  selectable,
  all,
  some,
  toggleAll,
  hasMenu,
}: {
  columns: Column<A>[];
  sort: string;
  onSort: (sort: string) => void;
  selectable: boolean;
  all: boolean;
  some: boolean;
  toggleAll: () => void;
  hasMenu: boolean;
}) {
  const key = sort.replace(/^-/, "");
  const down = sort.startsWith("-");
  return (
    <thead className={classes.head}>
      <tr>
        {selectable && (
          <th className={classes.check} scope="col">
            <Checkbox size="xs" checked={all} indeterminate={some} onChange={toggleAll} aria-label="Select every row of this page" />
          </th>
        )}
        {columns.map((column) => {
          const active = column.sort !== undefined && column.sort === key;
          return (
            <th
              key={column.id}
              scope="col"
              data-align={column.align}
              data-rank={column.rank ?? 1}
              style={{ width: column.width }}
              aria-sort={active ? (down ? "descending" : "ascending") : undefined}
            >
              {column.sort ? (
                <button
                  type="button"
                  className={classes.sort}
                  data-active={active || undefined}
                  onClick={() => onSort(active && !down ? `-${column.sort}` : (column.sort ?? ""))}
                >
                  {column.header}
                  {active && (down ? <IconArrowDown size={13} aria-hidden /> : <IconArrowUp size={13} aria-hidden />)}
                </button>
              ) : (
                column.header
              )}
            </th>
          );
        })}
        {hasMenu && (
          <th className={classes.actions} scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        )}
      </tr>
    </thead>
  );
}
