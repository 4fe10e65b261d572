"use client";

import { Button } from "@mantine/core";
import Link from "next/link";
import type { AppAttributes } from "../../server/apps/contract.ts";
import type { Column } from "../table/column.ts";
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
    header: "May call",
    value: (row) => (row.attributes.credential_active ? "yes" : "not yet"),
    cell: (row) => (row.attributes.credential_active ? <Status tone="good">Yes</Status> : <Status tone="idle">Not yet</Status>),
  },
  {
    id: "llms",
    header: "LLMs",
    value: (row) => row.attributes.llm_ids?.length ?? 0,
    cell: (row) => plural(row.attributes.llm_ids?.length ?? 0, "LLM"),
  },
  {
    id: "spent",
    header: "Spent this month",
    value: (row) => row.attributes.current_spend,
    cell: (row) => formatMoney(row.attributes.current_spend),
    align: "right",
    mono: true,
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
  { id: "description", header: "Description", value: (row) => row.attributes.description, rank: 2 },
  {
    id: "created",
    header: "Created",
    value: (row) => row.attributes.created_at,
    cell: (row) => <Ago at={row.attributes.created_at} />,
    rank: 3,
  },
];

const create = (
  <Button component={Link} href="/portal/apps/new">
    Create app
  </Button>
);

/** The signed-in user's own apps. */
export function MyApps() {
  return (
    <>
      <PageHeader title="My apps" lead="Your programs that may call LLMs, with their addresses, keys and spend." actions={create} />
      <DataTable
        label="apps"
        query={lists.myApps}
        columns={columns}
        href={(row) => `/portal/apps/${row.id}`}
        empty={
          <Empty title="You have no app yet" action={create}>
            To call an LLM, your program needs a key, and a key belongs to an app. Create one for each program: it appears here with its
            address and a snippet to copy.
          </Empty>
        }
      />
    </>
  );
}
