"use client";

import { Button } from "@mantine/core";
import Link from "next/link";
import type { FilterAttributes } from "../../server/filters/contract.ts";
import { call } from "../api/http.ts";
import type { BulkAction, Column } from "../table/column.ts";
import { DataTable } from "../table/data-table.tsx";
import { lists } from "../table/list-query.ts";
import { Empty } from "../ui/empty.tsx";
import { PageHeader } from "../ui/page.tsx";
import { Status } from "../ui/status.tsx";
import { Ago } from "../ui/time.tsx";

const columns: Column<FilterAttributes>[] = [
  { id: "name", header: "Name", value: (row) => row.attributes.name, sort: "name" },
  { id: "judges", header: "Judges", value: (row) => (row.attributes.response_filter ? "Responses" : "Requests") },
  {
    id: "active",
    header: "State",
    value: (row) => row.attributes.active,
    cell: (row) => <Status tone={row.attributes.active ? "good" : "idle"}>{row.attributes.active ? "Active" : "Inactive"}</Status>,
    sort: "active",
  },
  { id: "llms", header: "LLMs", value: (row) => row.attributes.llms.map(({ name }) => name).join(", "), rank: 2 },
  { id: "description", header: "Description", value: (row) => row.attributes.description, rank: 3 },
  {
    id: "updated",
    header: "Changed",
    value: (row) => row.attributes.updated_at,
    cell: (row) => <Ago at={row.attributes.updated_at} />,
    sort: "updated_at",
  },
  { id: "namespace", header: "Namespace", value: (row) => row.attributes.namespace || "global", extra: true },
  { id: "id", header: "Id", value: (row) => row.id, mono: true, extra: true },
];

const setActive = (active: boolean): BulkAction<FilterAttributes> => ({
  label: active ? "Activate" : "Deactivate",
  done: active ? "activated" : "deactivated",
  skip: (row) => (row.attributes.active === active ? `already ${active ? "active" : "inactive"}` : undefined),
  run: (row) => call("PATCH", `/api/v1/filters/${row.id}`, { active }),
});

const bulk: BulkAction<FilterAttributes>[] = [
  setActive(true),
  setActive(false),
  {
    label: "Delete",
    done: "deleted",
    confirm: { verb: "Delete", lead: "LLMs no longer run these filters.", dependents: true },
    run: (row) => call("DELETE", `/api/v1/filters/${row.id}`),
  },
];

const create = (
  <Button component={Link} href="/admin/filters/new">
    Create filter
  </Button>
);

export function FilterList() {
  return (
    <>
      <PageHeader
        title="Filters"
        lead="Scripts that judge requests to LLMs and their responses. Gateways do not run them yet; tests do."
        actions={create}
      />
      <DataTable
        label="filters"
        query={lists.filters}
        columns={columns}
        href={(row) => `/admin/filters/${row.id}`}
        bulk={bulk}
        filters={[
          {
            id: "response_filter",
            label: "Judges",
            options: [
              { value: "false", label: "Requests" },
              { value: "true", label: "Responses" },
            ],
          },
          {
            id: "active",
            label: "State",
            options: [
              { value: "true", label: "Active" },
              { value: "false", label: "Inactive" },
            ],
          },
        ]}
        empty={
          <Empty title="No filters yet" action={create}>
            A filter is a short script that redacts, rewrites or blocks what people send to models, or blocks what models answer. Begin with
            a template.
          </Empty>
        }
      />
    </>
  );
}
