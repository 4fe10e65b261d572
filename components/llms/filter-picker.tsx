"use client";

import { MultiSelect } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { FilterAttributes } from "../../server/filters/contract.ts";
import type { LlmAttributes } from "../../server/llms/contract.ts";
import { q, rowsOf } from "../api/query.ts";
import type { List } from "../api/types.ts";

/** Filters of an LLM; they run in the order in which they stand. */
export function FilterPicker({
  label,
  value,
  attached,
  error,
  onChange,
}: {
  label: string;
  value: string[];
  /** Known before the list of all is here. */
  attached: LlmAttributes["filters"];
  error: string | undefined;
  onChange: (ids: string[]) => void;
}) {
  const { data, isFetching } = useQuery<List<FilterAttributes>>(q("filters", "/api/v1/filters?page_size=1000&sort=name"));
  const names = new Map([...attached, ...rowsOf(data)].map(({ id, attributes }) => [id, attributes.name]));
  return (
    <MultiSelect
      label={label}
      description="A new one runs after the others. Remove and choose again to change the order."
      placeholder={value.length === 0 ? "None" : ""}
      searchable
      data-path="filters"
      value={value}
      data={[...names].map(([id, name]) => ({ value: id, label: name }))}
      nothingFoundMessage={isFetching ? "Searching…" : "No such filter"}
      error={error}
      onChange={onChange}
    />
  );
}
