"use client";

import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { referenceTo } from "../../server/secrets/contract/reference-text.ts";
import type { SecretAttributes } from "../../server/secrets/contract.ts";
import { q, rowsOf, withParams } from "../api/query.ts";
import type { List } from "../api/types.ts";

/** Chooses a named secret. The value is the reference to it. */
export function NamedSecretPicker({
  value,
  onChange,
  ...field
}: {
  label: string;
  description?: string | undefined;
  value: string;
  error?: string | undefined;
  onChange: (reference: string) => void;
  "data-path": string;
}) {
  const [search, setSearch] = useState("");
  const [settled] = useDebouncedValue(search, 200);
  const { data, isFetching } = useQuery<List<SecretAttributes>>({
    ...q("secrets", withParams("/api/v1/secrets", { page_size: 50, sort: "var_name", q: value === "" ? settled : "" })),
    placeholderData: (previous) => previous,
  });
  const names = rowsOf(data).map(({ attributes }) => attributes.var_name);
  return (
    <Select
      {...field}
      data={names.map((name) => ({ value: referenceTo(name), label: name }))}
      value={value === "" ? null : value}
      onChange={(reference) => onChange(reference ?? "")}
      searchValue={search}
      onSearchChange={setSearch}
      nothingFoundMessage={isFetching ? "Searching…" : "No secret of this name. Create one under Governance, Secrets."}
      placeholder="Choose a secret"
      searchable
      clearable
      autoFocus
    />
  );
}
