"use client";

import { Button } from "@mantine/core";
import Link from "next/link";
import type { LlmAttributes } from "../../server/llms/contract.ts";
import { call, document } from "../api/http.ts";
import type { Resource } from "../api/types.ts";
import type { BulkAction, Column } from "../table/column.ts";
import { DataTable } from "../table/data-table.tsx";
import { lists } from "../table/list-query.ts";
import { Empty } from "../ui/empty.tsx";
import { formatMoney } from "../ui/format.ts";
import { PageHeader } from "../ui/page.tsx";
import { Ago } from "../ui/time.tsx";
import { LlmState } from "./llm-state.tsx";
import { vendorLabel, vendorOptions } from "./vendors.ts";

const columns: Column<LlmAttributes>[] = [
  { id: "name", header: "Name", value: (row) => row.attributes.name, sort: "name" },
  {
    id: "state",
    header: "State",
    value: (row) => (row.attributes.active ? "active" : "inactive"),
    cell: (row) => <LlmState llm={row.attributes} />,
    sort: "active",
  },
  {
    id: "vendor",
    header: "Vendor",
    value: (row) => row.attributes.vendor,
    cell: (row) => vendorLabel(row.attributes.vendor),
    sort: "vendor",
  },
  { id: "model", header: "Default model", value: (row) => row.attributes.default_model, mono: true, rank: 2 },
  {
    id: "budget",
    header: "Monthly budget",
    value: (row) => row.attributes.monthly_budget,
    cell: (row) => (row.attributes.monthly_budget === null ? "no limit" : formatMoney(row.attributes.monthly_budget)),
    sort: "monthly_budget",
    align: "right",
    mono: true,
    rank: 2,
  },
  { id: "description", header: "Description", value: (row) => row.attributes.short_description, rank: 3 },
  { id: "endpoint", header: "Endpoint", value: (row) => row.attributes.api_endpoint, mono: true, extra: true },
  { id: "privacy", header: "Privacy score", value: (row) => row.attributes.privacy_score, align: "right", mono: true, extra: true },
  {
    id: "updated",
    header: "Changed",
    value: (row) => row.attributes.updated_at,
    cell: (row) => <Ago at={row.attributes.updated_at} />,
    rank: 3,
  },
  { id: "id", header: "Id", value: (row) => row.id, mono: true, extra: true },
];

const setActive = (row: Resource<LlmAttributes>, active: boolean) => call("PATCH", `/api/v1/llms/${row.id}`, document("llms", { active }));

const bulk: BulkAction<LlmAttributes>[] = [
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
    confirm: { verb: "Delete", lead: "They are deleted permanently, and apps that use them get errors.", dependents: true },
    run: (row) => call("DELETE", `/api/v1/llms/${row.id}`),
  },
];

const create = (
  <Button component={Link} href="/admin/llms/new">
    Create LLM
  </Button>
);

export function LlmList() {
  return (
    <>
      <PageHeader title="LLMs" lead="Vendors' models that apps may call, each with its own key, budget and plugins." actions={create} />
      <DataTable
        label="LLMs"
        query={lists.llms}
        columns={columns}
        href={(row) => `/admin/llms/${row.id}`}
        bulk={bulk}
        filters={[
          { id: "vendor", label: "Vendor", options: vendorOptions },
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
          <Empty title="No LLM yet" action={create}>
            An LLM is a vendor's endpoint with its key and rules. Create one, then give an app access to it.
          </Empty>
        }
      />
    </>
  );
}
