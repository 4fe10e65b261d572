"use client";

import { Button } from "@mantine/core";
import Link from "next/link";
import type { ToolAttributes } from "../../server/tools/contract.ts";
import { call, document } from "../api/http.ts";
import type { Resource } from "../api/types.ts";
import type { BulkAction, Column } from "../table/column.ts";
import { DataTable } from "../table/data-table.tsx";
import { lists } from "../table/list-query.ts";
import { Empty } from "../ui/empty.tsx";
import { PageHeader } from "../ui/page.tsx";
import { Ago } from "../ui/time.tsx";
import { ToolState } from "./tool-state.tsx";

const columns: Column<ToolAttributes>[] = [
  { id: "name", header: "Name", value: (row) => row.attributes.name, sort: "name" },
  {
    id: "state",
    header: "State",
    value: (row) => (row.attributes.active ? "active" : "inactive"),
    cell: (row) => <ToolState tool={row.attributes} />,
    sort: "active",
  },
  { id: "operations", header: "Operations", value: (row) => row.attributes.operations.length, align: "right", mono: true },
  { id: "key", header: "Key", value: (row) => (row.attributes.has_auth_key ? "stored" : "none"), rank: 2 },
  {
    id: "privacy",
    header: "Privacy score",
    value: (row) => row.attributes.privacy_score,
    align: "right",
    mono: true,
    sort: "privacy_score",
    rank: 2,
  },
  { id: "description", header: "Description", value: (row) => row.attributes.description, rank: 3 },
  {
    id: "updated",
    header: "Changed",
    value: (row) => row.attributes.updated_at,
    cell: (row) => <Ago at={row.attributes.updated_at} />,
    sort: "updated_at",
    rank: 3,
  },
  { id: "base", header: "Base URL", value: (row) => row.attributes.base_url, mono: true, extra: true },
  { id: "id", header: "Id", value: (row) => row.id, mono: true, extra: true },
];

const setActive = (row: Resource<ToolAttributes>, active: boolean) =>
  call("PATCH", `/api/v1/tools/${row.id}`, document("tools", { active }));

const bulk: BulkAction<ToolAttributes>[] = [
  {
    label: "Activate",
    done: "activated",
    skip: (row) => (row.attributes.active ? "already active" : undefined),
    run: (row) => setActive(row, true),
  },
  {
    label: "Deactivate",
    done: "deactivated",
    skip: (row) => (row.attributes.active ? undefined : "already inactive"),
    run: (row) => setActive(row, false),
  },
  {
    label: "Delete",
    done: "deleted",
    confirm: { verb: "Delete", lead: "They are deleted permanently, and apps lose access to them.", dependents: true },
    run: (row) => call("DELETE", `/api/v1/tools/${row.id}`),
  },
];

const create = (
  <Button component={Link} href="/admin/tools/new">
    Create tool
  </Button>
);

export function ToolList() {
  return (
    <>
      <PageHeader title="Tools" lead="HTTP APIs that models may call, each described by an OpenAPI document." actions={create} />
      <DataTable
        label="tools"
        query={lists.tools}
        columns={columns}
        href={(row) => `/admin/tools/${row.id}`}
        bulk={bulk}
        filters={[
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
          <Empty title="No tool yet" action={create}>
            A tool is an API with its OpenAPI document, the operations you allow and its key. Create one from a file, a URL or by pasting.
          </Empty>
        }
      />
    </>
  );
}
