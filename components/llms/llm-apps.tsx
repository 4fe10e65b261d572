"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import type { AppAttributes } from "../../server/apps/contract.ts";
import { q, rowsOf, withParams } from "../api/query.ts";
import type { List } from "../api/types.ts";
import type { Column } from "../table/column.ts";
import { formatMoney, plural } from "../ui/format.ts";
import { Failure } from "../ui/notice.tsx";
import { Section } from "../ui/page.tsx";
import { PlainTable } from "../ui/plain-table.tsx";
import { Status } from "../ui/status.tsx";

const shown = 5;

const columns: Column<AppAttributes>[] = [
  { id: "name", header: "Name", value: (row) => row.attributes.name },
  {
    id: "credential",
    header: "Credential",
    value: (row) => (row.attributes.credential_active ? "active" : "none active"),
    cell: (row) => (row.attributes.credential_active ? <Status tone="good">Active</Status> : <Status tone="idle">None active</Status>),
  },
  { id: "owner", header: "Owner", value: (row) => row.attributes.owner?.name ?? "nobody", rank: 2 },
  {
    id: "spent",
    header: "Spent this month",
    value: (row) => row.attributes.current_spend,
    cell: (row) => formatMoney(row.attributes.current_spend),
    align: "right",
    mono: true,
  },
];

/** The apps that may call an LLM: how many, the first of them, and the way to all. */
export function LlmApps({ llmId }: { llmId: string }) {
  const apps = useQuery<List<AppAttributes>>(q("apps", withParams("/api/v1/apps", { llm_id: llmId, page_size: shown, sort: "name" })));
  const total = apps.data?.meta.total_count ?? 0;
  return (
    <Section
      title="Apps with access"
      lead={total > shown ? `${plural(total, "app")} may call this LLM.` : undefined}
      actions={total > shown && <Link href={withParams("/admin/apps", { llm_id: llmId })}>All {plural(total, "app")}</Link>}
    >
      {apps.error ? (
        <Failure what="The apps" error={apps.error} retry={() => void apps.refetch()} />
      ) : (
        <PlainTable
          label="Apps with access"
          columns={columns}
          rows={rowsOf(apps.data)}
          loading={apps.isPending}
          href={(row) => `/admin/apps/${row.id}`}
          nothing="No app may call this LLM yet. Select it on an app's edit page."
        />
      )}
    </Section>
  );
}
