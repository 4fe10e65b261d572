"use client";

import { Button } from "@mantine/core";
import Link from "next/link";
import type { DatasourceAttributes } from "../../server/datasources/contract.ts";
import { call } from "../api/http.ts";
import type { BulkAction, Column } from "../table/column.ts";
import { DataTable } from "../table/data-table.tsx";
import { lists } from "../table/list-query.ts";
import { Empty } from "../ui/empty.tsx";
import { PageHeader } from "../ui/page.tsx";
import { Ago } from "../ui/time.tsx";
import { embedderLabels, labelOf, storeLabels } from "./vendors.ts";

const columns: Column<DatasourceAttributes>[] = [
  { id: "name", header: "Name", value: (row) => row.attributes.name, sort: "name" },
  { id: "store", header: "Vectors in", value: (row) => labelOf(storeLabels, row.attributes.db_source_type), sort: "db_source_type" },
  { id: "embedder", header: "Embedder", value: (row) => labelOf(embedderLabels, row.attributes.embed_vendor), sort: "embed_vendor" },
  { id: "files", header: "Files", value: (row) => String(row.attributes.files.length) },
  { id: "status", header: "Status", value: (row) => (row.attributes.active ? "Active" : "Inactive"), sort: "active" },
  {
    id: "created",
    header: "Created",
    value: (row) => row.attributes.created_at,
    cell: (row) => <Ago at={row.attributes.created_at} />,
    sort: "created_at",
  },
  { id: "id", header: "Id", value: (row) => row.id, mono: true, extra: true },
];

const bulk: BulkAction<DatasourceAttributes>[] = [
  {
    label: "Delete",
    done: "deleted",
    confirm: { verb: "Delete", lead: "Built-in vectors are deleted too. What is in an external store stays there.", dependents: true },
    run: (row) => call("DELETE", `/api/v1/datasources/${row.id}`),
  },
];

const create = (
  <Button component={Link} href="/admin/datasources/new">
    Create data source
  </Button>
);

export function DatasourceList() {
  return (
    <>
      <PageHeader
        title="Data sources"
        lead="Documents that are searched by meaning or wording. Gateways do not serve them yet; plugins and this page do."
        actions={create}
      />
      <DataTable
        label="data sources"
        query={lists.datasources}
        columns={columns}
        href={(row) => `/admin/datasources/${row.id}`}
        bulk={bulk}
        empty={
          <Empty title="No data sources yet" action={create}>
            A data source holds documents and the vectors by which they are found. Create one; it needs no other server.
          </Empty>
        }
      />
    </>
  );
}
