"use client";

import { Skeleton } from "@mantine/core";
import dynamic from "next/dynamic";
import { OnePicker } from "../form/picker.tsx";
import { useListState } from "../table/use-list-state.ts";
import classes from "./call-filters.module.css";

// The calendar is half as large as the page: it comes after the calls.
const TimeField = dynamic(() => import("./time-field.tsx").then((module) => module.TimeField), {
  ssr: false,
  loading: () => <Skeleton height={60} />,
});

// The address has instants in UTC, so that a link means the same to everyone; the fields have the reader's own time.
const two = (value: number): string => String(value).padStart(2, "0");
const toField = (instant: string | null): string | null => {
  const at = new Date(instant ?? "");
  if (Number.isNaN(at.getTime())) return null;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
};
const fromField = (value: string | null): string | null => {
  const at = value === null ? undefined : new Date(value.replace(" ", "T"));
  return at === undefined || Number.isNaN(at.getTime()) ? null : at.toISOString();
};

/** Filters of calls with more choices than a menu holds. */
export function CallFilters() {
  const { params, change } = useListState();
  const set = (name: string) => (value: string | null) => change({ [name]: value });
  const time = (name: "from" | "to", label: string) => (
    <TimeField label={label} value={toField(params.get(name))} onChange={(value) => set(name)(fromField(value))} />
  );
  return (
    <search className={classes.filters} aria-label="Filter calls">
      <OnePicker root="apps" label="App" placeholder="Any app" clearable value={params.get("app_id")} onChange={set("app_id")} />
      <OnePicker root="llms" label="LLM" placeholder="Any LLM" clearable value={params.get("llm_id")} onChange={set("llm_id")} />
      <OnePicker root="users" label="User" placeholder="Any user" clearable value={params.get("user_id")} onChange={set("user_id")} />
      {time("from", "From")}
      {time("to", "Until")}
    </search>
  );
}
