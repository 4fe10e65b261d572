"use client";

import { TextInput } from "@mantine/core";
import classes from "../calls/call-filters.module.css";
import { OnePicker } from "../form/picker.tsx";
import { useListState } from "../table/use-list-state.ts";

const texts = { vendor: "Vendor", model: "Model", edge_id: "Edge" };

/** What the report is narrowed to. */
export function ReportFilters() {
  const { params, change } = useListState();
  const set = (name: string) => (value: string | null) => change({ [name]: value });
  return (
    <search className={classes.filters} aria-label="Filter the report">
      <OnePicker root="llms" label="LLM" placeholder="Any LLM" clearable value={params.get("llm_id")} onChange={set("llm_id")} />
      <OnePicker root="apps" label="App" placeholder="Any app" clearable value={params.get("app_id")} onChange={set("app_id")} />
      <OnePicker root="users" label="User" placeholder="Any user" clearable value={params.get("user_id")} onChange={set("user_id")} />
      {Object.entries(texts).map(([name, label]) => (
        <TextInput
          key={`${name} ${params.get(name) ?? ""}`}
          label={label}
          placeholder="Any"
          defaultValue={params.get(name) ?? ""}
          onBlur={(event) => event.currentTarget.value !== (params.get(name) ?? "") && set(name)(event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
        />
      ))}
    </search>
  );
}
