"use client";

import { Button, Group } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { ExecutionList, ExecutionView } from "../../server/schedules/contract.ts";
import { every, q } from "../api/query.ts";
import type { Column } from "../table/column.ts";
import { formatCount, plural } from "../ui/format.ts";
import { Failure } from "../ui/notice.tsx";
import { Section } from "../ui/page.tsx";
import { PlainTable } from "../ui/plain-table.tsx";
import { Status, type Tone } from "../ui/status.tsx";
import { Ago } from "../ui/time.tsx";

const tones: Record<ExecutionView["status"], [Tone, string]> = {
  running: ["info", "Running"],
  completed: ["good", "Completed"],
  failed: ["bad", "Failed"],
  timeout: ["bad", "Timed out"],
};

export function RunStatus({ status }: { status: ExecutionView["status"] }) {
  const [tone, label] = tones[status];
  return <Status tone={tone}>{label}</Status>;
}

const triggers = { schedule: "schedule", retry: "retry", manual: "by hand" };

const columns: Column<ExecutionView>[] = [
  {
    id: "started",
    header: "Started",
    value: ({ attributes }) => attributes.started_at,
    cell: ({ attributes }) => <Ago at={attributes.started_at} />,
  },
  {
    id: "status",
    header: "Status",
    value: ({ attributes }) => attributes.status,
    cell: ({ attributes }) => <RunStatus status={attributes.status} />,
  },
  {
    id: "duration",
    header: "Duration",
    align: "right",
    value: ({ attributes }) => (attributes.completed_at ? `${formatCount(attributes.duration)} ms` : "–"),
  },
  { id: "trigger", header: "Triggered by", rank: 2, value: ({ attributes }) => triggers[attributes.trigger] },
  { id: "replica", header: "Replica", rank: 2, mono: true, value: ({ attributes }) => attributes.locked_by },
  { id: "error", header: "Error", value: ({ attributes }) => attributes.error ?? "" },
];

const pageSize = 20;

/** The runs of one schedule, newest first. */
export function ScheduleRuns({ path, name, onClose }: { path: string; name: string; onClose: () => void }) {
  const [offset, setOffset] = useState(0);
  const runs = useQuery<ExecutionList>({
    ...q("plugins", `${path}/executions?limit=${pageSize}&offset=${offset}`),
    refetchInterval: every(3_000),
  });
  if (runs.error) return <Failure what="Its runs" error={runs.error} retry={() => void runs.refetch()} />;
  const { executions = [], total_count: total = 0, success_rate: rate = 0 } = runs.data ?? {};
  return (
    <Section
      title={`Runs of ${name}`}
      lead={total > 0 ? `${plural(total, "run")} on record, ${rate}% completed.` : "Runs appear here when they begin."}
      actions={
        <Button variant="default" onClick={onClose}>
          Close
        </Button>
      }
    >
      <PlainTable
        label={`Runs of ${name}`}
        columns={columns}
        rows={executions.map((attributes) => ({ type: "executions", id: String(attributes.id), attributes }))}
        loading={runs.isPending}
        nothing="It has not run yet."
      />
      {total > pageSize && (
        <Group gap={8} mt={8}>
          <Button size="xs" variant="default" disabled={offset === 0} onClick={() => setOffset(Math.max(0, offset - pageSize))}>
            Newer
          </Button>
          <Button size="xs" variant="default" disabled={offset + pageSize >= total} onClick={() => setOffset(offset + pageSize)}>
            Older
          </Button>
        </Group>
      )}
    </Section>
  );
}
