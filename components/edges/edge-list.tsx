"use client";

import { Button } from "@mantine/core";
import Link from "next/link";
import type { EdgeAttributes } from "../../server/edges/contract.ts";
import { call } from "../api/http.ts";
import type { BulkAction, Column } from "../table/column.ts";
import { DataTable } from "../table/data-table.tsx";
import { lists } from "../table/list-query.ts";
import { Empty } from "../ui/empty.tsx";
import { formatCount } from "../ui/format.ts";
import { PageHeader } from "../ui/page.tsx";
import { Ago } from "../ui/time.tsx";
import { EdgeLink, EdgeSync, EdgeTransport, shortSum } from "./edge-state.tsx";

const columns: Column<EdgeAttributes>[] = [
  { id: "edge", header: "Edge", value: (row) => row.attributes.edge_id, sort: "edge_id" },
  { id: "status", header: "Connection", value: (row) => row.attributes.status, cell: (row) => <EdgeLink edge={row.attributes} /> },
  { id: "sync", header: "Configuration", value: (row) => row.attributes.sync_status, cell: (row) => <EdgeSync edge={row.attributes} /> },
  { id: "version", header: "Config version", value: (row) => row.attributes.loaded_version, align: "right", mono: true },
  {
    id: "checksum",
    header: "Checksum",
    value: (row) => row.attributes.loaded_checksum,
    cell: (row) => <span title={row.attributes.loaded_checksum}>{shortSum(row.attributes.loaded_checksum)}</span>,
    mono: true,
    rank: 2,
  },
  {
    id: "ack",
    header: "Acknowledged",
    value: (row) => row.attributes.last_sync_ack,
    cell: (row) => <Ago at={row.attributes.last_sync_ack} />,
    rank: 2,
  },
  {
    id: "heartbeat",
    header: "Last heartbeat",
    value: (row) => row.attributes.last_heartbeat,
    cell: (row) => <Ago at={row.attributes.last_heartbeat} />,
  },
  { id: "namespace", header: "Namespace", value: (row) => row.attributes.namespace || "default", rank: 3 },
  { id: "software", header: "Software", value: (row) => row.attributes.version, mono: true, rank: 3 },
  {
    id: "transport",
    header: "Transport",
    value: (row) => row.attributes.transport,
    cell: (row) => <EdgeTransport edge={row.attributes} />,
    rank: 3,
  },
  { id: "rejected", header: "Rejected records", value: (row) => row.attributes.rejected_records, align: "right", mono: true, rank: 3 },
  {
    id: "pending",
    header: "Telemetry waiting",
    value: (row) => row.attributes.report.telemetry_pending ?? null,
    cell: (row) => formatCount(row.attributes.report.telemetry_pending),
    align: "right",
    mono: true,
    rank: 3,
  },
];

const bulk: BulkAction<EdgeAttributes>[] = [
  {
    label: "Push configuration",
    done: "got the configuration again",
    run: (row) => call("POST", `/api/v1/edges/${encodeURIComponent(row.attributes.edge_id)}/reload`),
  },
  {
    label: "Delete",
    done: "deleted",
    confirm: {
      verb: "Delete",
      lead: "The edges and their tokens are deleted permanently. Connected edges are kept: stop their gateways first.",
    },
    run: (row) => call("DELETE", `/api/v1/edges/${encodeURIComponent(row.attributes.edge_id)}`),
  },
];

const create = (
  <Button component={Link} href="/admin/edges/new">
    Create edge
  </Button>
);

export function EdgeList() {
  return (
    <>
      <PageHeader title="Edges" lead="Gateways and the configuration each one runs." actions={create} />
      <DataTable
        label="edges"
        query={lists.edges}
        columns={columns}
        href={(row) => `/admin/edges/${encodeURIComponent(row.attributes.edge_id)}`}
        bulk={bulk}
        refetchMs={3000}
        filters={[
          {
            id: "status",
            label: "Connection",
            options: [
              { value: "connected", label: "Connected" },
              { value: "disconnected", label: "Disconnected" },
              { value: "registered", label: "Never connected" },
            ],
          },
        ]}
        empty={
          <Empty title="No edge yet" action={create}>
            An edge is a gateway that runs the configuration this studio pushes. Create one to get its token and the command that starts it.
          </Empty>
        }
      />
    </>
  );
}
