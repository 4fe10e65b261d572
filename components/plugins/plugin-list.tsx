"use client";

import { Button } from "@mantine/core";
import Link from "next/link";
import type { PluginAttributes } from "../../server/plugins/contract.ts";
import { call } from "../api/http.ts";
import type { Resource } from "../api/types.ts";
import type { BulkAction, Column } from "../table/column.ts";
import { DataTable } from "../table/data-table.tsx";
import { lists } from "../table/list-query.ts";
import { Empty } from "../ui/empty.tsx";
import { PageHeader } from "../ui/page.tsx";
import { Ago } from "../ui/time.tsx";
import { HookList, hookLabel } from "./hooks.tsx";
import { manifestText } from "./manifest.ts";
import { DevMark, isWaiting, PluginStateLabel } from "./plugin-state.tsx";

const columns: Column<PluginAttributes>[] = [
  { id: "name", header: "Name", value: (row) => row.attributes.name, sort: "name" },
  {
    id: "state",
    header: "State",
    value: (row) => (row.attributes.is_active ? (isWaiting(row.attributes) ? "waiting for approval" : row.attributes.state) : "inactive"),
    cell: (row) => (
      <>
        <PluginStateLabel plugin={row.attributes} /> {row.attributes.dev && <DevMark />}
      </>
    ),
  },
  {
    id: "hooks",
    header: "Hooks",
    value: (row) => (row.attributes.hook_types ?? []).join(" "),
    cell: (row) => <HookList hooks={row.attributes.hook_types ?? []} />,
    rank: 2,
  },
  { id: "version", header: "Version", value: (row) => manifestText(row.attributes.manifest, "version"), mono: true, rank: 2 },
  { id: "description", header: "Description", value: (row) => row.attributes.description, rank: 3 },
  { id: "restarts", header: "Restarts", value: (row) => row.attributes.restarts, align: "right", mono: true, rank: 3 },
  { id: "slug", header: "Slug", value: (row) => row.attributes.slug, mono: true, extra: true },
  { id: "command", header: "Command", value: (row) => row.attributes.command, mono: true, extra: true },
  {
    id: "updated",
    header: "Changed",
    value: (row) => row.attributes.updated_at,
    cell: (row) => <Ago at={row.attributes.updated_at} />,
    extra: true,
  },
];

const setActive = (row: Resource<PluginAttributes>, is_active: boolean) => call("PATCH", `/api/v1/plugins/${row.id}`, { is_active });

const bulk: BulkAction<PluginAttributes>[] = [
  {
    label: "Activate",
    done: "activated",
    skip: (row) => (row.attributes.is_active ? "already active" : undefined),
    run: (row) => setActive(row, true),
  },
  {
    label: "Deactivate",
    done: "deactivated",
    skip: (row) => (row.attributes.is_active ? undefined : "already inactive"),
    run: (row) => setActive(row, false),
  },
  { label: "Reload", done: "reloaded", run: (row) => call("POST", `/api/v1/plugins/${row.id}/reload`) },
  {
    label: "Delete",
    done: "deleted",
    confirm: { verb: "Delete", lead: "The plugins are stopped and removed, with the pages they supply.", dependents: true },
    run: (row) => call("DELETE", `/api/v1/plugins/${row.id}`),
  },
];

const hookFilter = ["pre_auth", "auth", "post_auth", "on_response", "studio_ui", "portal_ui", "object_hooks"].map((value) => ({
  value,
  label: hookLabel(value),
}));

const install = (
  <Button component={Link} href="/admin/plugins/new">
    Install plugin
  </Button>
);

export function PluginList() {
  return (
    <>
      <PageHeader title="Plugins" lead="Programs that check, change and extend what Portico does." actions={install} />
      <DataTable
        label="plugins"
        query={lists.plugins}
        columns={columns}
        href={(row) => `/admin/plugins/${row.id}`}
        bulk={bulk}
        refetchMs={5000}
        filters={[
          { id: "hook_type", label: "Hooks", options: hookFilter },
          {
            id: "is_active",
            label: "State",
            options: [
              { value: "true", label: "Active" },
              { value: "false", label: "Inactive" },
            ],
          },
        ]}
        empty={
          <Empty title="No plugin yet" action={install}>
            A plugin is a separate process that the studio and the gateways call at its hooks. Install one from an executable on this
            machine.
          </Empty>
        }
      />
    </>
  );
}
