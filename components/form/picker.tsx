"use client";

import { MultiSelect, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { q, rowsOf, withParams } from "../api/query.ts";
import type { List } from "../api/types.ts";

type Named = { name: string; email?: string };
type Option = { value: string; label: string };

// Searches on the server, so that a record beyond the first page can be found too; names once seen stay known, so that
// what is selected keeps its label when the search no longer contains it.
function useOptions(root: string, selected: Option[]) {
  const [search, setSearch] = useState("");
  const [settled] = useDebouncedValue(search, 200);
  const known = useRef(new Map<string, string>());
  for (const option of selected) if (!known.current.has(option.value)) known.current.set(option.value, option.label);
  const isLabel = [...known.current.values()].includes(settled);
  const { data, isFetching } = useQuery<List<Named>>({
    ...q(root, withParams(`/api/v1/${root}`, { page_size: 50, q: isLabel ? "" : settled, slim: root === "tools" ? "true" : undefined })),
    placeholderData: (previous) => previous,
  });
  for (const row of rowsOf(data)) {
    known.current.set(row.id, row.attributes.email ? `${row.attributes.name} · ${row.attributes.email}` : row.attributes.name);
  }
  return {
    options: [...known.current].map(([value, label]) => ({ value, label })),
    search,
    setSearch,
    nothing: isFetching ? "Searching…" : "Nothing matches",
  };
}

/** Chooses several things of one kind, by name, searched on the server. Values are ids. */
export function ManyPicker({
  root,
  selected = [],
  value = [],
  ...field
}: {
  root: string;
  /** Names of what is selected already. */
  selected?: Option[];
  label: string;
  description?: string;
  placeholder?: string;
  value?: string[];
  onChange: (ids: string[]) => void;
  error?: React.ReactNode;
  "data-path"?: string;
}) {
  const { options, search, setSearch, nothing } = useOptions(root, selected);
  const data = [
    ...options,
    ...value.filter((id) => !options.some((option) => option.value === id)).map((id) => ({ value: id, label: `#${id}` })),
  ];
  return (
    <MultiSelect
      {...field}
      value={value}
      data={data}
      searchable
      searchValue={search}
      onSearchChange={setSearch}
      nothingFoundMessage={nothing}
      hidePickedOptions
      limit={60}
      maxDropdownHeight={280}
    />
  );
}

/** Chooses one thing of a kind, by name, searched on the server. */
export function OnePicker({
  root,
  selected = [],
  value = null,
  ...field
}: {
  root: string;
  selected?: Option[];
  label?: string;
  "aria-label"?: string;
  w?: number;
  description?: string;
  placeholder?: string;
  value?: string | null;
  onChange: (id: string | null) => void;
  error?: React.ReactNode;
  clearable?: boolean;
  "data-path"?: string;
}) {
  const { options, search, setSearch, nothing } = useOptions(root, selected);
  const known = value === null || options.some((option) => option.value === value);
  return (
    <Select
      {...field}
      value={value}
      data={known ? options : [...options, { value: value ?? "", label: `#${value}` }]}
      searchable
      searchValue={search}
      onSearchChange={setSearch}
      nothingFoundMessage={nothing}
      limit={60}
      maxDropdownHeight={280}
    />
  );
}
