"use client";

import { Button } from "@mantine/core";
import Link from "next/link";
import type { ModelPriceAttributes } from "../../server/prices/contract.ts";
import { call } from "../api/http.ts";
import type { Resource } from "../api/types.ts";
import { vendorLabel, vendorOptions } from "../llms/vendors.ts";
import type { BulkAction, Column } from "../table/column.ts";
import { DataTable } from "../table/data-table.tsx";
import { lists } from "../table/list-query.ts";
import { Empty } from "../ui/empty.tsx";
import { formatMoney } from "../ui/format.ts";
import { PageHeader } from "../ui/page.tsx";
import { perMillion } from "./per-million.ts";

const price = (id: string, header: string, read: (row: Resource<ModelPriceAttributes>) => number): Column<ModelPriceAttributes> => ({
  id,
  header,
  value: (row) => perMillion(read(row)),
  cell: (row) => formatMoney(perMillion(read(row))),
  align: "right",
  mono: true,
});

const columns: Column<ModelPriceAttributes>[] = [
  { id: "model", header: "Model", value: (row) => row.attributes.model_name, sort: "model_name" },
  {
    id: "vendor",
    header: "Vendor",
    value: (row) => row.attributes.vendor,
    cell: (row) => vendorLabel(row.attributes.vendor),
    sort: "vendor",
  },
  price("input", "Input", (row) => row.attributes.cpit),
  price("output", "Output", (row) => row.attributes.cpt),
  { ...price("cacheWrite", "Cache write", (row) => row.attributes.cache_write_pt), rank: 2 },
  { ...price("cacheRead", "Cache read", (row) => row.attributes.cache_read_pt), rank: 2 },
  { id: "currency", header: "Currency", value: (row) => row.attributes.currency, rank: 3 },
];

const bulk: BulkAction<ModelPriceAttributes>[] = [
  {
    label: "Delete",
    done: "deleted",
    confirm: { verb: "Delete", lead: "Calls to these models will cost nothing in the books until they have a price again." },
    run: (row) => call("DELETE", `/api/v1/model-prices/${row.id}`),
  },
];

const create = (
  <Button component={Link} href="/admin/prices/new">
    Create price
  </Button>
);

export function PriceList() {
  return (
    <>
      <PageHeader
        title="Prices"
        lead="What a million tokens of each model cost. Budgets and the books are reckoned with these."
        actions={create}
      />
      <DataTable
        label="prices"
        query={lists.prices}
        columns={columns}
        href={(row) => `/admin/prices/${row.id}`}
        bulk={bulk}
        filters={[{ id: "vendor", label: "Vendor", options: vendorOptions }]}
        empty={
          <Empty title="No price yet" action={create}>
            Without a price a call's tokens are counted but cost nothing, and no budget is ever used up. Enter what your vendor charges.
          </Empty>
        }
      />
    </>
  );
}
