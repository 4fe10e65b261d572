"use client";

import type { CallAttributes } from "../../server/analytics/contract.ts";
import { DataTable } from "../table/data-table.tsx";
import { lists } from "../table/list-query.ts";
import { Empty } from "../ui/empty.tsx";
import { PageHeader } from "../ui/page.tsx";
import { CallFilters } from "./call-filters.tsx";
import { callColumns, callPath, outcomeOptions } from "./columns.tsx";

/** Every finished request, filtered by the address. */
export function CallList() {
  return (
    <>
      <PageHeader title="Calls" lead="Requests that passed through the gateways, newest first." />
      <CallFilters />
      <DataTable<CallAttributes>
        label="calls"
        query={lists.calls}
        columns={callColumns}
        href={(row) => callPath(row.attributes.request_id)}
        refetchMs={10_000}
        filters={[
          { id: "outcome", label: "Outcome", options: outcomeOptions },
          {
            id: "priced",
            label: "Price",
            options: [
              { value: "false", label: "No price" },
              { value: "true", label: "Priced" },
            ],
          },
        ]}
        empty={
          <Empty title="No calls yet">
            Calls appear here within seconds of passing through a gateway. An app's page has a snippet that makes one.
          </Empty>
        }
      />
    </>
  );
}
