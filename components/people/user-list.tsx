"use client";

import { Button } from "@mantine/core";
import Link from "next/link";
import type { UserAttributes } from "../../server/users/contract.ts";
import { call } from "../api/http.ts";
import type { BulkAction, Column } from "../table/column.ts";
import { DataTable } from "../table/data-table.tsx";
import { lists } from "../table/list-query.ts";
import { Empty } from "../ui/empty.tsx";
import { PageHeader } from "../ui/page.tsx";
import { Ago } from "../ui/time.tsx";

export const roleOf = (user: UserAttributes): string => (user.is_admin ? "Administrator" : user.show_portal ? "Portal user" : "No area");

const columns: Column<UserAttributes>[] = [
  { id: "name", header: "Name", value: (row) => row.attributes.name, sort: "name" },
  { id: "email", header: "E-mail", value: (row) => row.attributes.email, sort: "email" },
  { id: "role", header: "Role", value: (row) => roleOf(row.attributes), sort: "is_admin" },
  {
    id: "groups",
    header: "Groups",
    value: (row) => row.attributes.groups.map((group) => group.attributes.name).join(", "),
    rank: 2,
  },
  {
    id: "created",
    header: "Created",
    value: (row) => row.attributes.created_at,
    cell: (row) => <Ago at={row.attributes.created_at} />,
    sort: "created_at",
    rank: 3,
  },
  { id: "id", header: "Id", value: (row) => row.id, mono: true, extra: true },
];

const bulk: BulkAction<UserAttributes>[] = [
  {
    label: "Delete",
    done: "deleted",
    confirm: { verb: "Delete", lead: "The users lose access at once, permanently, and their apps stop.", dependents: true },
    run: (row) => call("DELETE", `/api/v1/users/${row.id}`),
  },
];

const create = (
  <Button component={Link} href="/admin/users/new">
    Create user
  </Button>
);

export function UserList() {
  return (
    <>
      <PageHeader title="Users" lead="People who sign in: administrators here, everyone else in the portal." actions={create} />
      <DataTable
        label="users"
        query={lists.users}
        columns={columns}
        href={(row) => `/admin/users/${row.id}`}
        bulk={bulk}
        filters={[
          {
            id: "is_admin",
            label: "Role",
            options: [
              { value: "true", label: "Administrators" },
              { value: "false", label: "Others" },
            ],
          },
          { id: "group_id", label: "Group", root: "groups" },
        ]}
        empty={
          <Empty title="No user" action={create}>
            Everyone who signs in is a user. Create one and pass on the password.
          </Empty>
        }
      />
    </>
  );
}
