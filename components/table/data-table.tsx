"use client";

import { Skeleton } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { columnVisibilityFeature, type RowSelectionState, rowSelectionFeature, tableFeatures, useTable } from "@tanstack/react-table";
import { useRouter } from "next/navigation";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { every, q, rowsOf } from "../api/query.ts";
import type { List, Resource } from "../api/types.ts";
import { Failure } from "../ui/notice.tsx";
import { BulkBar } from "./bulk.tsx";
import type { BulkAction, Column } from "./column.ts";
import classes from "./data-table.module.css";
import { defaultPageSize, isNarrowed, type ListQuery, listPath } from "./list-query.ts";
import { Pager } from "./pager.tsx";
import { TableBody } from "./table-body.tsx";
import { TableHead } from "./table-head.tsx";
import { type Filter, Toolbar } from "./toolbar.tsx";
import { useListState } from "./use-list-state.ts";
import { useTableKeys } from "./use-table-keys.ts";

const features = tableFeatures({ columnVisibilityFeature, rowSelectionFeature });
const noRows: Resource<never>[] = [];

/**
 * A list of the API as a table. Search, filters, sort and page live in the address and are done by the server; rows
 * are opened by click or Enter, walked with j and k, chosen with x.
 */
export function DataTable<A>({
  label,
  query,
  columns,
  href,
  filters = [],
  bulk = [],
  empty,
  searchable = true,
  refetchMs,
}: {
  /** What the rows are, in the plural: "LLMs". */
  label: string;
  query: ListQuery;
  columns: Column<A>[];
  href?: (row: Resource<A>) => string;
  filters?: Filter[];
  bulk?: BulkAction<A>[];
  empty: ReactNode;
  searchable?: boolean;
  refetchMs?: number;
}) {
  const { params, change } = useListState();
  const router = useRouter();
  const path = listPath(query, params);
  const list = useQuery<List<A>>({
    ...q(query.root, path),
    placeholderData: (previous) => previous,
    refetchInterval: refetchMs ? every(refetchMs) : false,
  });
  const [density, setDensity] = useLocalStorage<"compact" | "comfortable">({ key: "portico:density", defaultValue: "compact" });
  const [hidden, setHidden] = useLocalStorage<Record<string, boolean>>({ key: `portico:columns:${query.path}`, defaultValue: {} });
  const [selection, setSelection] = useState<RowSelectionState>({});
  const region = useRef<HTMLDivElement>(null);

  const definitions = useMemo(
    () => columns.map((column) => ({ id: column.id, header: column.header, accessorFn: (row: Resource<A>) => column.value(row) })),
    [columns],
  );
  const visibility = useMemo(
    () => Object.fromEntries(columns.map((column) => [column.id, !(hidden[column.id] ?? column.extra ?? false)])),
    [columns, hidden],
  );
  const data = list.data ? rowsOf(list.data) : (noRows as Resource<A>[]);
  const table = useTable({
    features,
    columns: definitions,
    data,
    getRowId: (row: Resource<A>) => row.id,
    state: { columnVisibility: visibility, rowSelection: selection },
    onRowSelectionChange: setSelection,
  });

  // Rows of another page or search are other rows: what was chosen there is not chosen here.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path is the trigger.
  useEffect(() => setSelection({}), [path]);

  const byId = useMemo(() => new Map(columns.map((column) => [column.id, column])), [columns]);
  const shown = table.getVisibleLeafColumns().flatMap((column) => byId.get(column.id) ?? []);
  const rows = table.getRowModel().rows;
  const chosen = rows.filter((row) => selection[row.id]).map((row) => row.original);
  const open = href ? (row: Resource<A>) => router.push(href(row)) : undefined;
  const choose = (id: string) => setSelection((now) => toggled(now, id));
  useTableKeys(region, (id) => bulk.length > 0 && choose(id));

  const total = list.data?.meta.total_count ?? 0;
  const narrowed = isNarrowed(query, params);
  const bare = list.isSuccess && total === 0 && !narrowed;

  return (
    <div className={classes.table} ref={region} data-density={density}>
      {!bare && (
        <Toolbar
          label={label}
          query={query}
          params={params}
          change={change}
          columns={columns}
          shown={shown}
          onShow={(id, visible) => setHidden({ ...hidden, [id]: !visible })}
          filters={filters}
          searchable={searchable}
          density={density}
          onDensity={setDensity}
          total={list.data ? total : undefined}
          at={list.dataUpdatedAt}
          refreshing={list.isFetching}
          refresh={() => void list.refetch()}
        />
      )}
      {chosen.length > 0 && <BulkBar root={query.root} rows={chosen} actions={bulk} clear={() => setSelection({})} />}
      {list.error && <Failure what={label} error={list.error} retry={() => void list.refetch()} />}
      {bare ? (
        <div className={classes.surface}>{empty}</div>
      ) : list.isPending ? (
        <TableSkeleton label={label} />
      ) : (
        list.data && (
          <>
            <TableBody
              label={label}
              stale={list.isPlaceholderData}
              density={density}
              columns={shown}
              rows={rows.map((row) => row.original)}
              selection={selection}
              selectable={bulk.length > 0}
              toggle={choose}
              href={href}
              open={open}
              nothing={narrowed ? "Nothing matches this search and these filters." : "This page of the list is empty."}
              head={
                <TableHead
                  columns={shown}
                  sort={params.get("sort") ?? query.sort ?? ""}
                  onSort={(sort) => change({ sort: sort === query.sort ? null : sort })}
                  selectable={bulk.length > 0}
                  all={rows.length > 0 && chosen.length === rows.length}
                  some={chosen.length > 0 && chosen.length < rows.length}
                  toggleAll={() =>
                    setSelection(chosen.length === rows.length ? {} : Object.fromEntries(rows.map((row) => [row.id, true as const])))
                  }
                />
              }
            />
            <Pager meta={list.data.meta} size={Number(params.get("size") ?? defaultPageSize)} label={label} change={change} />
          </>
        )
      )}
    </div>
  );
}

function toggled(selection: RowSelectionState, id: string): RowSelectionState {
  const { [id]: was, ...others } = selection;
  return was ? others : { ...selection, [id]: true };
}

function TableSkeleton({ label }: { label: string }) {
  return (
    <div className={classes.surface} aria-busy="true">
      <span className="visually-hidden" role="status">
        Loading {label}
      </span>
      {Array.from({ length: 8 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: identical lines that never move.
        <div className={classes.skeletonRow} key={index}>
          <Skeleton height={10} width={`${22 + ((index * 7) % 16)}%`} />
          <Skeleton height={10} width="14%" />
          <Skeleton height={10} width="9%" />
        </div>
      ))}
    </div>
  );
}
