"use client";

import { Button, Skeleton } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { columnVisibilityFeature, type RowSelectionState, rowSelectionFeature, tableFeatures, useTable } from "@tanstack/react-table";
import { useRouter } from "next/navigation";
import { type ReactNode, type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { ApiError } from "../api/http.ts";
import { every, q, rowsOf } from "../api/query.ts";
import type { List, Resource } from "../api/types.ts";
import { Failure, Notice } from "../ui/notice.tsx";
import { BulkBar, RowMenu, useRowActions } from "./bulk.tsx";
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
 * are opened by click or Enter, walked with j and k, selected with x.
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
  // A column that was selected by name stays, however narrow the table is.
  const ranked = useMemo(
    () => columns.map((column) => (hidden[column.id] === false ? { ...column, rank: 1 as const } : column)),
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

  // Rows of another page or search are other rows: what was selected there is not selected here.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path is the trigger.
  useEffect(() => setSelection({}), [path]);

  const byId = useMemo(() => new Map(ranked.map((column) => [column.id, column])), [ranked]);
  const shown = table.getVisibleLeafColumns().flatMap((column) => byId.get(column.id) ?? []);
  const rows = table.getRowModel().rows;
  const selected = rows.filter((row) => selection[row.id]).map((row) => row.original);
  const open = href ? (row: Resource<A>) => router.push(href(row)) : undefined;
  const choose = (id: string) => setSelection((now) => toggled(now, id));
  const { progress, start } = useRowActions<A>(query.root, label, () => setSelection({}));
  const width = useWidth(region);
  useTableKeys(region, (id) => bulk.length > 0 && choose(id));

  const total = list.data?.meta.total_count ?? 0;
  const narrowed = isNarrowed(query, params);
  const bare = list.isSuccess && total === 0 && !narrowed;

  return (
    <div className={classes.table} ref={region} data-density={density} data-list>
      {!bare && (
        <Toolbar
          label={label}
          query={query}
          params={params}
          change={change}
          columns={ranked}
          isShown={(column) => shown.includes(column) && hasRoomFor(column, width)}
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
      {list.error && (
        <div className={classes.failure}>
          <ListFailure label={label} error={list.error} params={params} change={change} retry={() => void list.refetch()} />
        </div>
      )}
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
              nothing={<Nothing label={label} query={query} params={params} change={change} lastPage={list.data.meta.total_pages} />}
              menu={bulk.length > 0 ? (row) => <RowMenu row={row} actions={bulk} start={start} /> : undefined}
              head={
                <TableHead
                  columns={shown}
                  sort={params.get("sort") ?? query.sort ?? ""}
                  onSort={(sort) => change({ sort: sort === query.sort ? null : sort })}
                  selectable={bulk.length > 0}
                  hasMenu={bulk.length > 0}
                  all={rows.length > 0 && selected.length === rows.length}
                  some={selected.length > 0 && selected.length < rows.length}
                  toggleAll={() =>
                    setSelection(selected.length === rows.length ? {} : Object.fromEntries(rows.map((row) => [row.id, true as const])))
                  }
                />
              }
            />
            <Pager meta={list.data.meta} size={Number(params.get("size") ?? defaultPageSize)} label={label} change={change} />
            {(selected.length > 0 || progress) && (
              <BulkBar rows={selected} actions={bulk} progress={progress} start={start} clear={() => setSelection({})} />
            )}
          </>
        )
      )}
    </div>
  );
}

/** Follows the table's width; 0 until it is known. */
function useWidth(region: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!region.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry?.contentRect.width ?? 0)));
    observer.observe(region.current);
    return () => observer.disconnect();
  }, [region]);
  return width;
}

/** As data-table.module.css hides columns. */
const hasRoomFor = ({ rank = 1 }: { rank?: 1 | 2 | 3 }, width: number): boolean =>
  rank === 1 || width === 0 || width > (rank === 2 ? 900 : 1100);

type Address = { params: URLSearchParams; change: (changes: Record<string, string | null>) => void };

/** A list that cannot be read. An address typed by hand, or an old one, is put right by one click. */
function ListFailure({ label, error, params, change, retry }: Address & { label: string; error: unknown; retry: () => void }) {
  const sort = params.get("sort");
  if (!(error instanceof ApiError) || error.status !== 400 || sort === null) return <Failure what={label} error={error} retry={retry} />;
  return (
    <Notice
      tone="bad"
      title={`${label} cannot be sorted by “${sort.replace(/^-/, "")}”`}
      action={
        <Button variant="default" size="xs" onClick={() => change({ sort: null })}>
          Use default order
        </Button>
      }
    />
  );
}

/** Why there are no rows, and the way back to some. */
function Nothing({ label, query, params, change, lastPage }: Address & { label: string; query: ListQuery; lastPage: number }) {
  const isSearched = Boolean(params.get("q"));
  const filters = (query.filters ?? []).filter((name) => params.get(name));
  if (lastPage > 0)
    return (
      <>
        This list has {lastPage === 1 ? "one page" : `${lastPage} pages`}.{" "}
        <Button variant="default" size="xs" ml={8} onClick={() => change({ page: lastPage === 1 ? null : String(lastPage) })}>
          Go to last page
        </Button>
      </>
    );
  const by = isSearched ? (filters.length > 0 ? "this search and these filters" : "this search") : "these filters";
  return (
    <>
      No {label} match {by}.{" "}
      <Button
        variant="default"
        size="xs"
        ml={8}
        onClick={() => change({ q: null, ...Object.fromEntries(filters.map((name) => [name, null])) })}
      >
        Clear
      </Button>
    </>
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
