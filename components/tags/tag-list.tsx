"use client";

import { Button } from "@mantine/core";
import Link from "next/link";
import type { TagAttributes } from "../../server/tags/contract.ts";
import { call } from "../api/http.ts";
import type { BulkAction, Column } from "../table/column.ts";
import { DataTable } from "../table/data-table.tsx";
import { lists } from "../table/list-query.ts";
import { Empty } from "../ui/empty.tsx";
import { PageHeader } from "../ui/page.tsx";
import { Ago } from "../ui/time.tsx";

const columns: Column<TagAttributes>[] = [
  { id: "name", header: "Name", value: (row) => row.attributes.name, sort: "name" },
  {
    id: "created",
    header: "Created",
    value: (row) => row.attributes.created_at,
    cell: (row) => <Ago at={row.attributes.created_at} />,
    sort: "created_at",
  },
  { id: "id", header: "Id", value: (row) => row.id, mono: true, extra: true },
];

const bulk: BulkAction<TagAttributes>[] = [
  {
    label: "Delete",
    done: "deleted",
    confirm: { verb: "Delete", lead: "What carries these tags stays and loses them.", dependents: true },
    run: (row) => call("DELETE", `/api/v1/tags/${row.id}`),
  },
];

const create = (
  <Button component={Link} href="/admin/tags/new">
    Create tag
  </Button>
);

export function TagList() {
  return (
    <>
      <PageHeader
        title="Tags"
        lead="Words that group resources across teams and kinds. Plugins with access to tags use them too."
        actions={create}
      />
      <DataTable
        label="tags"
        query={lists.tags}
        columns={columns}
        href={(row) => `/admin/tags/${row.id}`}
        bulk={bulk}
        empty={
          <Empty title="No tags yet" action={create}>
            A tag is a short word such as “finance” or “personal data” that people and plugins look resources up by. Create the first one.
          </Empty>
        }
      />
    </>
  );
}
