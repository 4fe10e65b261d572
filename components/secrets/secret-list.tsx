"use client";

import { Button } from "@mantine/core";
import Link from "next/link";
import type { SecretAttributes } from "../../server/secrets/contract.ts";
import { call } from "../api/http.ts";
import type { BulkAction, Column } from "../table/column.ts";
import { DataTable } from "../table/data-table.tsx";
import { lists } from "../table/list-query.ts";
import { Empty } from "../ui/empty.tsx";
import { plural } from "../ui/format.ts";
import { PageHeader } from "../ui/page.tsx";
import { Status } from "../ui/status.tsx";
import { Ago } from "../ui/time.tsx";
import { SecretKeyNotice } from "./secret-key-notice.tsx";

const columns: Column<SecretAttributes>[] = [
  { id: "name", header: "Name", value: (row) => row.attributes.var_name, sort: "var_name", mono: true },
  {
    id: "value",
    header: "Value",
    value: (row) => (row.attributes.has_value ? "stored" : "missing"),
    cell: (row) =>
      row.attributes.has_value ? (
        <Status tone="good">Stored</Status>
      ) : (
        <Status tone={row.attributes.use_count > 0 ? "warn" : "idle"}>Missing</Status>
      ),
  },
  {
    id: "uses",
    header: "Used in",
    value: (row) => (row.attributes.use_count === 0 ? "nothing" : plural(row.attributes.use_count, "field")),
    cell: (row) => (row.attributes.use_count === 0 ? <span className="quiet">nothing</span> : plural(row.attributes.use_count, "field")),
  },
  {
    id: "rotated",
    header: "Rotated",
    value: (row) => row.attributes.rotated_at ?? "never",
    cell: (row) => (row.attributes.rotated_at ? <Ago at={row.attributes.rotated_at} /> : <span className="quiet">never</span>),
    sort: "rotated_at",
  },
  { id: "description", header: "Description", value: (row) => row.attributes.description, rank: 2 },
  {
    id: "created",
    header: "Created",
    value: (row) => row.attributes.created_at,
    cell: (row) => <Ago at={row.attributes.created_at} />,
    sort: "created_at",
    extra: true,
  },
];

const bulk: BulkAction<SecretAttributes>[] = [
  {
    label: "Delete",
    done: "deleted",
    confirm: { verb: "Delete", lead: "Secrets that are used are kept.", dependents: true },
    run: (row) => call("DELETE", `/api/v1/secrets/${row.id}`),
  },
];

const create = (
  <Button component={Link} href="/admin/secrets/new">
    Create secret
  </Button>
);

export function SecretList() {
  return (
    <>
      <PageHeader
        title="Secrets"
        lead="Named values for the credential fields of LLMs, tools and plugins. A new value is used everywhere within a second."
        actions={create}
      />
      <SecretKeyNotice />
      <DataTable
        label="secrets"
        query={lists.secrets}
        columns={columns}
        href={(row) => `/admin/secrets/${row.id}`}
        bulk={bulk}
        filters={[
          {
            id: "is_used",
            label: "Use",
            options: [
              { value: "true", label: "Used" },
              { value: "false", label: "Not used" },
            ],
          },
        ]}
        empty={
          <Empty title="No secrets yet" action={create}>
            Store a vendor's key once under a name such as OPENAI_KEY, refer to it as $SECRET/OPENAI_KEY in as many places as you like, and
            rotate it here.
          </Empty>
        }
      />
    </>
  );
}
