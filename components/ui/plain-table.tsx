import { Skeleton } from "@mantine/core";
import Link from "next/link";
import type { Resource } from "../api/types.ts";
import type { Column } from "../table/column.ts";
import classes from "../table/data-table.module.css";

/** A short table without tools: rows already known, at most a few dozen. */
export function PlainTable<A>({
  label,
  columns,
  rows,
  loading = false,
  nothing,
  href,
}: {
  label: string;
  columns: Column<A>[];
  rows: Resource<A>[];
  loading?: boolean;
  nothing: string;
  href?: (row: Resource<A>) => string;
}) {
  return (
    <div className={classes.table}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: on a narrow page it scrolls, and a scrolling region must be reachable by keyboard. */}
      <div className={classes.surface} tabIndex={0}>
        <table className={classes.grid} aria-label={label} aria-busy={loading}>
          <thead className={classes.head}>
            <tr>
              {columns.map((column) => (
                <th key={column.id} scope="col" data-align={column.align} data-rank={column.rank ?? 1}>
                  {column.header}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.id} data-row={row.id}>
                {columns.map((column, index) => {
                  const content = column.cell ? column.cell(row) : (column.value(row) ?? "–") || "–";
                  return (
                    <td key={column.id} data-align={column.align} data-mono={column.mono} data-rank={column.rank ?? 1}>
                      {index === 0 && href ? (
                        <Link className={classes.open} href={href(row)}>
                          {content}
                        </Link>
                      ) : (
                        content
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
            {rows.length === 0 && (
              <tr>
                <td colSpan={columns.length} className={classes.nothing}>
                  {loading ? <Skeleton height={10} width="40%" mx="auto" /> : nothing}
                </td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </div>
  );
}
