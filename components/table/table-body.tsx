"use client";

import { Checkbox } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import Link from "next/link";
import { type MouseEvent, type ReactNode, useRef } from "react";
import type { Resource } from "../api/types.ts";
import { type Column, nameOfRow } from "./column.ts";
import classes from "./data-table.module.css";
import { virtualFrom } from "./list-query.ts";

const rowHeight = { compact: 36, comfortable: 44 };

// A click that selects text or hits a control does not open the row.
const isOwnBusiness = (event: MouseEvent): boolean =>
  (event.target instanceof Element && event.target.closest("a,button,input,label,[role=menuitem]") !== null) ||
  (window.getSelection()?.toString() ?? "") !== "";

export function TableBody<A>({
  label,
  head,
  columns,
  rows,
  density,
  stale,
  selectable,
  selection,
  toggle,
  href,
  open,
  nothing,
  menu,
}: {
  label: string;
  head: ReactNode;
  columns: Column<A>[];
  rows: Resource<A>[];
  density: "compact" | "comfortable";
  /** These rows are of the previous question, shown until the answer comes. */
  stale: boolean;
  selectable: boolean;
  selection: Record<string, boolean>;
  toggle: (id: string) => void;
  href?: ((row: Resource<A>) => string) | undefined;
  open?: ((row: Resource<A>) => void) | undefined;
  nothing: ReactNode;
  /** What can be done with a row without opening it. */
  menu?: ((row: Resource<A>) => ReactNode) | undefined;
}) {
  const scroll = useRef<HTMLDivElement>(null);
  const isVirtual = rows.length > virtualFrom;
  const virtual = useVirtualizer({
    count: rows.length,
    enabled: isVirtual,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight[density],
    overscan: 12,
  });
  const items = isVirtual ? virtual.getVirtualItems() : [];
  const before = items[0]?.start ?? 0;
  const after = isVirtual ? virtual.getTotalSize() - (items.at(-1)?.end ?? 0) : 0;
  const width = columns.length + (selectable ? 1 : 0) + (menu ? 1 : 0);
  const visible = isVirtual ? items.flatMap((item) => rows[item.index] ?? []) : rows;
  const firstIndex = items[0]?.index ?? 0;

  return (
    // A scrolling region must be reachable by keyboard, hence the tab stop when rows are virtual.
    <div
      className={classes.surface}
      data-virtual={isVirtual || undefined}
      data-stale={stale || undefined}
      ref={scroll}
      tabIndex={isVirtual ? 0 : undefined}
    >
      <table className={classes.grid} aria-label={label} aria-rowcount={isVirtual ? rows.length + 1 : undefined} aria-busy={stale}>
        {head}
        <tbody>
          {before > 0 && <Gap height={before} span={width} />}
          {visible.map((row, index) => (
            <tr
              key={row.id}
              data-row={row.id}
              data-selected={selection[row.id] || undefined}
              data-opens={open ? true : undefined}
              aria-rowindex={isVirtual ? firstIndex + index + 2 : undefined}
              onClick={open && ((event) => !isOwnBusiness(event) && open(row))}
            >
              {selectable && (
                <td className={classes.check}>
                  <Checkbox
                    size="xs"
                    checked={selection[row.id] ?? false}
                    onChange={() => toggle(row.id)}
                    aria-label={`Select ${nameOfRow(row)}`}
                  />
                </td>
              )}
              {columns.map((column, position) => {
                const content = column.cell ? column.cell(row) : text(column.value(row));
                return (
                  <td key={column.id} data-align={column.align} data-mono={column.mono} data-rank={column.rank ?? 1}>
                    {position === 0 && href ? (
                      <Link className={classes.open} href={href(row)} prefetch={false}>
                        {content}
                      </Link>
                    ) : (
                      content
                    )}
                  </td>
                );
              })}
              {menu && <td className={classes.actions}>{menu(row)}</td>}
            </tr>
          ))}
          {after > 0 && <Gap height={after} span={width} />}
          {rows.length === 0 && (
            <tr>
              <td colSpan={width} className={classes.nothing}>
                {nothing}
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

const text = (value: string | number | boolean | null | undefined): string =>
  value === null || value === undefined || value === "" ? "–" : typeof value === "boolean" ? (value ? "yes" : "no") : String(value);

// Stands where the rows out of sight would be.
function Gap({ height, span }: { height: number; span: number }) {
  return (
    <tr>
      <td colSpan={span} style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}
