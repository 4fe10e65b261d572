"use client";

import { Button } from "@mantine/core";
import Link from "next/link";
import type { GroupAttributes } from "../../server/groups/contract.ts";
import { call } from "../api/http.ts";
import type { BulkAction, Column } from "../table/column.ts";
import { DataTable } from "../table/data-table.tsx";
import { lists } from "../table/list-query.ts";
import { Empty } from "../ui/empty.tsx";
import { formatCount } from "../ui/format.ts";
import { PageHeader } from "../ui/page.tsx";

const columns: Column<GroupAttributes>[] = [
  { id: "name", header: "Name", value: (row) => row.attributes.name, sort: "name" },
  {
    id: "members",
    header: "Members",
    value: (row) => row.attributes.user_count ?? null,
    cell: (row) => formatCount(row.attributes.user_count),
    align: "right",
    mono: true,
    sort: "user_count",
  },
  {
    id: "catalogues",
    header: "Catalogues",
    value: ({ attributes }) =>
      [...attributes.catalogue_names, ...attributes.data_catalogue_names, ...attributes.tool_catalogue_names].join(", "),
    rank: 2,
  },
  { id: "id", header: "Id", value: (row) => row.id, mono: true, extra: true },
];

const bulk: BulkAction<GroupAttributes>[] = [
  {
    label: "Delete",
    done: "deleted",
    skip: (row) => (row.attributes.is_default ? "kept: everyone is a member" : undefined),
    confirm: { verb: "Delete", lead: "Members lose access to what only these groups can see.", dependents: true },
    run: (row) => call("DELETE", `/api/v1/groups/${row.id}`),
  },
];

const create = (
  <Button component={Link} href="/admin/groups/new">
    Create group
  </Button>
);

export function GroupList() {
  return (
    <>
      <PageHeader title="Groups" lead="Who sees what in the portal. A plugin can limit its pages to certain groups." actions={create} />
      <DataTable
        label="groups"
        query={lists.groups}
        columns={columns}
        href={(row) => `/admin/groups/${row.id}`}
        bulk={bulk}
        empty={
          <Empty title="No group yet" action={create}>
            A group is a list of people that plugins and the portal can refer to by its name. Create one and add its members.
          </Empty>
        }
      />
    </>
  );
}
