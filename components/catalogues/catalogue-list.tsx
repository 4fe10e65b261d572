"use client";

import { Badge, Button, Group } from "@mantine/core";
import Link from "next/link";
import { call } from "../api/http.ts";
import type { BulkAction, Column } from "../table/column.ts";
import { DataTable } from "../table/data-table.tsx";
import { lists } from "../table/list-query.ts";
import { Empty } from "../ui/empty.tsx";
import { formatCount } from "../ui/format.ts";
import { PageHeader } from "../ui/page.tsx";
import { Ago } from "../ui/time.tsx";
import { type AnyCatalogue, type CatalogueKindPage, type CataloguePageKey, cataloguePages } from "./kinds.ts";

const shownNames = 3;

function Names({ names }: { names: string[] }) {
  if (names.length === 0) return <span className="quiet">none</span>;
  return (
    <Group gap={6} wrap="nowrap" title={names.join(", ")}>
      {names.slice(0, shownNames).map((name) => (
        <Badge key={name} variant="default" tt="none" fw={400}>
          {name}
        </Badge>
      ))}
      {names.length > shownNames && <span className="quiet">+{formatCount(names.length - shownNames)}</span>}
    </Group>
  );
}

const columnsOf = ({ items, itemsOf }: CatalogueKindPage): Column<AnyCatalogue>[] => [
  { id: "name", header: "Name", value: (row) => row.attributes.name, sort: "name" },
  { id: "description", header: "Description", value: (row) => row.attributes.short_description, rank: 3 },
  {
    id: "items",
    header: items.label,
    value: (row) => itemsOf(row.attributes).length,
    cell: (row) => <Names names={itemsOf(row.attributes).map(({ name }) => name)} />,
  },
  {
    id: "tags",
    header: "Tags",
    value: (row) => row.attributes.tags.map((tag) => tag.attributes.name).join(", "),
    rank: 2,
  },
  {
    id: "groups",
    header: "Groups",
    value: (row) => row.attributes.group_count,
    cell: (row) => formatCount(row.attributes.group_count),
    align: "right",
    mono: true,
    rank: 2,
  },
  {
    id: "updated",
    header: "Updated",
    value: (row) => row.attributes.updated_at,
    cell: (row) => <Ago at={row.attributes.updated_at} />,
    sort: "updated_at",
    rank: 3,
  },
  { id: "id", header: "Id", value: (row) => row.id, mono: true, extra: true },
];

const bulkOf = ({ root }: CatalogueKindPage): BulkAction<AnyCatalogue>[] => [
  {
    label: "Delete",
    done: "deleted",
    skip: (row) => (row.attributes.is_default ? "kept: everything new is added to it" : undefined),
    confirm: { verb: "Delete", lead: "What is in these catalogues stays. Apps that have it keep it.", dependents: true },
    run: (row) => call("DELETE", `/api/v1/${root}/${row.id}`),
  },
];

export function CatalogueList({ kind }: { kind: CataloguePageKey }) {
  const page = cataloguePages[kind];
  const create = (
    <Button component={Link} href={`/admin/${page.root}/new`}>
      Create {page.noun}
    </Button>
  );
  return (
    <>
      <PageHeader title={page.title} lead={page.lead} actions={create} />
      <DataTable
        label={`${page.noun}s`}
        query={lists[page.root]}
        columns={columnsOf(page)}
        href={(row) => `/admin/${page.root}/${row.id}`}
        bulk={bulkOf(page)}
        empty={
          <Empty title={`No ${page.noun} yet`} action={create}>
            {page.empty}
          </Empty>
        }
      />
    </>
  );
}
