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
import { PageHeader } from "../ui/page.tsx";
import { perMillion } from "./per-million.ts";

// Three decimals in every row, so that the points stand below each other; more only where they say something.
const digits = new Intl.NumberFormat("en-US", { minimumFractionDigits: 3, maximumFractionDigits: 6 });
const aligned = (dollars: number) => (dollars === 0 ? <span className="quiet">–</span> : digits.format(dollars));

const price = (
  id: string,
  header: string,
  sort: keyof ModelPriceAttributes,
  read: (row: Resource<ModelPriceAttributes>) => number,
): Column<ModelPriceAttributes> => ({
  id,
  header: `${header}, $/1M`,
  sort,
  value: (row) => perMillion(read(row)),
  cell: (row) => aligned(perMillion(read(row))),
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
  price("input", "Input", "cpit", (row) => row.attributes.cpit),
  price("output", "Output", "cpt", (row) => row.attributes.cpt),
  { ...price("cacheWrite", "Cache write", "cache_write_pt", (row) => row.attributes.cache_write_pt), rank: 2 },
  { ...price("cacheRead", "Cache read", "cache_read_pt", (row) => row.attributes.cache_read_pt), rank: 2 },
  { id: "currency", header: "Currency", value: (row) => row.attributes.currency, extra: true },
];

const bulk: BulkAction<ModelPriceAttributes>[] = [
  {
    label: "Delete",
    done: "deleted",
    confirm: { verb: "Delete", lead: "Calls of these models have no cost until they have a price again." },
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
        lead="What a million tokens of each model cost, in US dollars. Costs and budgets use these prices."
        actions={create}
      />
      <DataTable
        label="prices"
        query={lists.prices}
        columns={columns}
        href={(row) => `/admin/prices/${row.id}`}
        bulk={bulk}
        filters={[
          { id: "vendor", label: "Vendor", options: vendorOptions },
          {
            id: "missing",
            label: "Completeness",
            options: [
              { value: "true", label: "Input or output missing" },
              { value: "false", label: "Complete" },
            ],
          },
        ]}
        empty={
          <Empty title="No price yet" action={create}>
            Calls of models without a price have no cost, and no budget counts them. Enter what your vendor charges.
          </Empty>
        }
      />
    </>
  );
}
