"use client";

import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { PluginAttributes } from "../../server/plugins/contract.ts";
import { q, rowsOf } from "../api/query.ts";
import type { List } from "../api/types.ts";

/** Picks a plugin with gateway hooks that is not attached yet. */
export function AttachPicker({ attached, onChoose }: { attached: { id: string }[]; onChoose: (id: string) => void }) {
  const { data, isFetching } = useQuery<List<PluginAttributes>>(q("plugins", "/api/v1/plugins/type/gateway?page_size=1000&sort=name"));
  const taken = new Set(attached.map(({ id }) => id));
  const choices = rowsOf(data).filter(({ id }) => !taken.has(id));
  return (
    <Select
      label="Attach plugin"
      placeholder="Choose by name"
      searchable
      value={null}
      data={choices.map(({ id, attributes }) => ({ value: id, label: attributes.name }))}
      nothingFoundMessage={isFetching ? "Searching…" : "No other plugin has gateway hooks"}
      onChange={(id) => id && onChoose(id)}
      maxDropdownHeight={280}
    />
  );
}
