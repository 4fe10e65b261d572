"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import type { CallAttributes } from "../../server/analytics/contract.ts";
import { every, q, rowsOf, withParams } from "../api/query.ts";
import type { List, Resource } from "../api/types.ts";
import { Failure } from "../ui/notice.tsx";
import { Section } from "../ui/page.tsx";
import { PlainTable } from "../ui/plain-table.tsx";
import { callColumns, callPath } from "./columns.tsx";

/** The latest calls through the gateway, of everything or of one LLM or app, and the way to all of them. */
export function RecentCalls({
  filter = {},
  refetchMs = 4000,
  without = [],
}: {
  filter?: { llm_id?: string; app_id?: string };
  refetchMs?: number;
  without?: string[];
}) {
  const calls = useQuery<List<CallAttributes>>({
    ...q("calls", withParams("/api/v1/analytics/calls", { ...filter, page_size: 10 })),
    refetchInterval: every(refetchMs),
  });
  const columns = callColumns.filter((column) => !column.extra && !without.includes(column.id));
  const rows: Resource<CallAttributes>[] = rowsOf(calls.data);
  return (
    <Section title="Recent calls" actions={rows.length > 0 && <Link href={withParams("/admin/calls", filter)}>All calls</Link>}>
      {calls.error ? (
        <Failure what="Recent calls" error={calls.error} retry={() => void calls.refetch()} />
      ) : (
        <PlainTable
          label="Recent calls"
          columns={columns}
          rows={rows}
          loading={calls.isPending}
          href={(row) => callPath(row.attributes.request_id)}
          nothing="No calls yet. They appear here within seconds of passing through the gateway."
        />
      )}
    </Section>
  );
}
