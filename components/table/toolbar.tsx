"use client";

import { ActionIcon, Menu, Select, TextInput, Tooltip } from "@mantine/core";
import { IconColumns3, IconDownload, IconRefresh, IconSearch, IconX } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { OnePicker } from "../form/picker.tsx";
import { formatCount } from "../ui/format.ts";
import { Ago } from "../ui/time.tsx";
import { toast, toastError } from "../ui/toast.tsx";
import type { Column } from "./column.ts";
import classes from "./data-table.module.css";
import { allRows, csvOf, download } from "./export.ts";
import type { ListQuery } from "./list-query.ts";
import { Views } from "./views.tsx";

/** What the server filters by: one of a few values, or one thing of a kind, searched by name. */
export type Filter = { id: string; label: string } & ({ options: { value: string; label: string }[] } | { root: string });

type Change = (changes: Record<string, string | null>, how?: "push" | "replace") => void;

export function Toolbar<A>(props: {
  label: string;
  query: ListQuery;
  params: URLSearchParams;
  change: Change;
  columns: Column<A>[];
  isShown: (column: Column<A>) => boolean;
  onShow: (id: string, visible: boolean) => void;
  filters: Filter[];
  searchable: boolean;
  density: "compact" | "comfortable";
  onDensity: (density: "compact" | "comfortable") => void;
  total: number | undefined;
  /** When the rows were read, milliseconds since 1970. */
  at: number;
  refreshing: boolean;
  refresh: () => void;
}) {
  const { params, change } = props;
  return (
    <div className={classes.toolbar}>
      {props.searchable && <Search label={props.label} value={params.get("q") ?? ""} change={change} />}
      {props.filters.map((filter) => {
        const shared = {
          "aria-label": filter.label,
          placeholder: filter.label,
          w: 150,
          clearable: true,
          value: params.get(filter.id),
          onChange: (value: string | null) => change({ [filter.id]: value }),
        };
        return "root" in filter ? (
          <OnePicker key={filter.id} root={filter.root} {...shared} />
        ) : (
          <Select key={filter.id} data={filter.options} {...shared} />
        );
      })}
      <span className={classes.spacer} />
      <span className={classes.count} aria-live="polite">
        {props.total !== undefined && (
          <>
            <span className="num">{formatCount(props.total)}</span> {props.total === 1 ? props.label.replace(/s$/, "") : props.label}
            {props.at > 0 && (
              <span className={classes.time}>
                {" · "}
                <Ago at={new Date(props.at).toISOString()} />
              </span>
            )}
          </>
        )}
      </span>
      <span className={classes.tools}>
        <Tooltip label="Refresh">
          <ActionIcon aria-label="Refresh" onClick={props.refresh} loading={props.refreshing && props.at === 0}>
            <IconRefresh size={17} />
          </ActionIcon>
        </Tooltip>
        <Views path={props.query.path} params={params} />
        <ExportMenu {...props} />
        <ColumnMenu {...props} />
      </span>
    </div>
  );
}

function Search({ label, value, change }: { label: string; value: string; change: Change }) {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const typed = useRef(value);
  // Back and saved views change the address under the field.
  useEffect(() => {
    if (value !== typed.current) {
      typed.current = value;
      setText(value);
    }
  }, [value]);
  const type = (next: string) => {
    setText(next);
    typed.current = next;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => change({ q: next.trim() }, "replace"), 220);
  };
  return (
    <TextInput
      type="search"
      className={classes.search}
      aria-label={`Search ${label}`}
      placeholder={`Search ${label}`}
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={
        text && (
          <ActionIcon size="sm" aria-label="Clear search" onClick={() => type("")}>
            <IconX size={14} />
          </ActionIcon>
        )
      }
      value={text}
      onChange={(event) => type(event.currentTarget.value)}
    />
  );
}

function ExportMenu<A>({
  query,
  params,
  columns,
  label,
}: {
  query: ListQuery;
  params: URLSearchParams;
  columns: Column<A>[];
  label: string;
}) {
  const [busy, setBusy] = useState(false);
  const run = async (kind: "csv" | "json") => {
    setBusy(true);
    try {
      const rows = await allRows<A>(query, params);
      const name = `${query.root}-${new Date().toISOString().slice(0, 16).replace(":", "")}.${kind}`;
      if (kind === "csv") download(name, "text/csv;charset=utf-8", csvOf(columns, rows));
      else download(name, "application/json", JSON.stringify(rows, null, 2));
      toast(`${formatCount(rows.length)} ${label} exported`, name);
    } catch (error) {
      toastError("The export did not finish", error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label="Export">
          <ActionIcon aria-label="Export" loading={busy}>
            <IconDownload size={17} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Every matching row</Menu.Label>
        <Menu.Item onClick={() => void run("csv")}>CSV</Menu.Item>
        <Menu.Item onClick={() => void run("json")}>JSON</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function ColumnMenu<A>(props: {
  columns: Column<A>[];
  isShown: (column: Column<A>) => boolean;
  onShow: (id: string, visible: boolean) => void;
  density: "compact" | "comfortable";
  onDensity: (density: "compact" | "comfortable") => void;
}) {
  return (
    <Menu position="bottom-end" closeOnItemClick={false}>
      <Menu.Target>
        <Tooltip label="Columns and density">
          <ActionIcon aria-label="Columns and density">
            <IconColumns3 size={17} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Columns</Menu.Label>
        {/* The first names the row and always stays. */}
        {props.columns.slice(1).map((column) => (
          <Menu.CheckboxItem key={column.id} checked={props.isShown(column)} onChange={(checked) => props.onShow(column.id, checked)}>
            {column.header}
          </Menu.CheckboxItem>
        ))}
        <Menu.Divider />
        <Menu.Label>Density</Menu.Label>
        <Menu.RadioGroup value={props.density} onChange={(density) => props.onDensity(density === "comfortable" ? density : "compact")}>
          <Menu.RadioItem value="compact">Compact</Menu.RadioItem>
          <Menu.RadioItem value="comfortable">Comfortable</Menu.RadioItem>
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}
