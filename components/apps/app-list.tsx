"use client";

import { Button } from "@mantine/core";
import Link from "next/link";
import type { AppAttributes } from "../../server/apps/contract.ts";
import { call } from "../api/http.ts";
import type { BulkAction, Column } from "../table/column.ts";
import { DataTable } from "../table/data-table.tsx";
import { lists } from "../table/list-query.ts";
import { Empty } from "../ui/empty.tsx";
import { formatMoney, plural } from "../ui/format.ts";
import { PageHeader } from "../ui/page.tsx";
import { Status } from "../ui/status.tsx";
import { Ago } from "../ui/time.tsx";

const columns: Column<AppAttributes>[] = [
  { id: "name", header: "Name", value: (row) => row.attributes.name, sort: "name" },
  {
    id: "credential",
    header: "Credential",
    value: (row) => (row.attributes.credential_active ? "active" : "none active"),
    cell: (row) => (row.attributes.credential_active ? <Status tone="good">Active</Status> : <Status tone="idle">None active</Status>),
  },
  {
    id: "llms",
    header: "LLMs",
    value: (row) => row.attributes.llm_ids?.length ?? 0,
    cell: (row) => plural(row.attributes.llm_ids?.length ?? 0, "LLM"),
  },
  {
    id: "budget",
    header: "Monthly budget",
    value: (row) => row.attributes.monthly_budget,
    cell: (row) => (row.attributes.monthly_budget === null ? "no limit" : formatMoney(row.attributes.monthly_budget)),
    sort: "monthly_budget",
    align: "right",
    mono: true,
  },
  {
    id: "spent",
    header: "Spent this month",
    value: (row) => row.attributes.current_spend,
    cell: (row) => formatMoney(row.attributes.current_spend),
    align: "right",
    mono: true,
  },
  { id: "owner", header: "Owner", value: (row) => row.attributes.owner?.name ?? "nobody", sort: "owner", rank: 2 },
  { id: "description", header: "Description", value: (row) => row.attributes.description, rank: 2 },
  {
    id: "created",
    header: "Created",
    sort: "created_at",
    value: (row) => row.attributes.created_at,
    cell: (row) => <Ago at={row.attributes.created_at} never="–" />,
    rank: 3,
  },
  { id: "id", header: "Id", value: (row) => row.id, mono: true, extra: true },
];

const bulk: BulkAction<AppAttributes>[] = [
  {
    label: "Delete",
    done: "deleted",
    confirm: {
      verb: "Delete",
      lead: "The apps and their credentials are deleted permanently. Their calls are refused at once.",
      dependents: true,
    },
    run: (row) => call("DELETE", `/api/v1/apps/${row.id}`),
  },
];

const create = (
  <Button component={Link} href="/admin/apps/new">
    Create app
  </Button>
);

export function AppList() {
  return (
    <>
      <PageHeader title="Apps" lead="Programs that call LLMs, each with its own credentials and budget." actions={create} />
      <DataTable
        label="apps"
        query={lists.apps}
        columns={columns}
        href={(row) => `/admin/apps/${row.id}`}
        bulk={bulk}
        filters={[
          { id: "user_id", label: "Owner", root: "users" },
          { id: "llm_id", label: "LLM", root: "llms" },
          {
            id: "credential_active",
            label: "Credential",
            options: [
              { value: "true", label: "Active" },
              { value: "false", label: "None active" },
            ],
          },
          {
            id: "over_budget",
            label: "Budget",
            options: [
              { value: "true", label: "Over budget" },
              { value: "false", label: "Within budget" },
            ],
          },
        ]}
        empty={
          <Empty title="No app yet" action={create}>
            An app is a program that calls LLMs through the gateway. Create one, choose its LLMs, and hand its credential to the program.
          </Empty>
        }
      />
    </>
  );
}
