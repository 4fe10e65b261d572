"use client";

import { Button } from "@mantine/core";
import Link from "next/link";
import type { ModelRouterAttributes } from "../../server/model-routers/contract.ts";
import { call } from "../api/http.ts";
import type { BulkAction, Column } from "../table/column.ts";
import { DataTable } from "../table/data-table.tsx";
import { lists } from "../table/list-query.ts";
import { Empty } from "../ui/empty.tsx";
import { PageHeader } from "../ui/page.tsx";
import { Status } from "../ui/status.tsx";
import { Ago } from "../ui/time.tsx";

const columns: Column<ModelRouterAttributes>[] = [
  { id: "name", header: "Name", value: (row) => row.attributes.name, sort: "name" },
  { id: "slug", header: "Slug", value: (row) => row.attributes.slug, sort: "slug", mono: true, rank: 2 },
  {
    id: "active",
    header: "State",
    value: (row) => row.attributes.active,
    cell: (row) => <Status tone={row.attributes.active ? "good" : "idle"}>{row.attributes.active ? "Active" : "Inactive"}</Status>,
    sort: "active",
  },
  { id: "pools", header: "Pools", value: (row) => row.attributes.pools.map(({ model_pattern }) => model_pattern).join(" · "), mono: true },
  { id: "description", header: "Description", value: (row) => row.attributes.description, rank: 3 },
  {
    id: "updated",
    header: "Changed",
    value: (row) => row.attributes.updated_at,
    cell: (row) => <Ago at={row.attributes.updated_at} />,
    sort: "updated_at",
  },
  { id: "id", header: "Id", value: (row) => row.id, mono: true, extra: true },
];

const setActive = (active: boolean): BulkAction<ModelRouterAttributes> => ({
  label: active ? "Activate" : "Deactivate",
  done: active ? "activated" : "deactivated",
  skip: (row) => (row.attributes.active === active ? `already ${active ? "active" : "inactive"}` : undefined),
  run: (row) => call("PATCH", `/api/v1/model-routers/${row.id}/toggle`, { active }),
});

const bulk: BulkAction<ModelRouterAttributes>[] = [
  setActive(true),
  setActive(false),
  {
    label: "Delete",
    done: "deleted",
    confirm: { verb: "Delete", lead: "Their LLMs stay." },
    run: (row) => call("DELETE", `/api/v1/model-routers/${row.id}`),
  },
];

const create = (
  <Button component={Link} href="/admin/model-routers/new">
    Create model router
  </Button>
);

export function ModelRouterList() {
  return (
    <>
      <PageHeader
        title="Model routers"
        lead="One address for several LLMs, picked by the model asked for. Gateways do not serve routers yet, whether active or not."
        actions={create}
      />
      <DataTable
        label="model routers"
        query={lists.modelRouters}
        columns={columns}
        href={(row) => `/admin/model-routers/${row.id}`}
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
          <Empty title="No model routers yet" action={create}>
            A model router has pools of LLMs. A call goes to the pool whose pattern takes the model, and there to one LLM by turn or by
            weight.
          </Empty>
        }
      />
    </>
  );
}
