"use client";

import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { EdgePayloadAttributes } from "../../server/plugins/contract/payloads.ts";
import { call } from "../api/http.ts";
import { every, q, refresh } from "../api/query.ts";
import type { Resource } from "../api/types.ts";
import { formatCount } from "../ui/format.ts";
import { Failure } from "../ui/notice.tsx";
import { Facts, Section } from "../ui/page.tsx";
import { PlainTable } from "../ui/plain-table.tsx";
import { Ago } from "../ui/time.tsx";
import { toast, toastError } from "../ui/toast.tsx";

type Counts = { pending: number; delivered: number; failed: number };

/** What the plugin's processes at edges sent to Studio, when there is any: how much, and what was given up. */
export function EdgePayloads({ pluginId }: { pluginId: string }) {
  const client = useQueryClient();
  const path = `/api/v1/plugins/${pluginId}/edge-payloads`;
  const list = useQuery<{ data: Resource<EdgePayloadAttributes>[]; meta: { counts: Counts } }>({
    ...q("plugins", `${path}?state=failed`),
    refetchInterval: every(5_000),
  });
  const retry = useMutation({
    mutationFn: (id: string) => call("POST", `${path}/${id}/retry`),
    onSuccess: () => toast("The payload is delivered again"),
    onSettled: () => void refresh(client, "plugins"),
    onError: (error) => toastError("The payload was not delivered again", error),
  });
  if (list.error) return <Failure what="Its payloads of edges" error={list.error} retry={() => void list.refetch()} />;
  if (!list.data) return null;
  const { pending, delivered, failed } = list.data.meta.counts;
  if (pending + delivered + failed === 0) return null;
  return (
    <Section title="Payloads from edges" lead="What the plugin sent from gateways to its process in Studio.">
      <Facts
        rows={[
          ["Waiting", formatCount(pending)],
          ["Delivered", formatCount(delivered)],
          ["Given up", formatCount(failed)],
        ]}
      />
      {list.data.data.length > 0 && (
        <PlainTable
          label="Payloads that were given up"
          nothing="None was given up."
          rows={list.data.data}
          columns={[
            { id: "edge", header: "Edge", mono: true, value: ({ attributes }) => attributes.edge_id },
            { id: "correlation", header: "Correlation", mono: true, rank: 2, value: ({ attributes }) => attributes.correlation_id },
            { id: "error", header: "Reason", value: ({ attributes }) => attributes.error },
            { id: "attempts", header: "Attempts", align: "right", rank: 2, value: ({ attributes }) => attributes.attempts },
            {
              id: "received",
              header: "Received",
              value: ({ attributes }) => attributes.received_at,
              cell: ({ attributes }) => <Ago at={attributes.received_at} />,
            },
            {
              id: "retry",
              header: "Actions",
              align: "right",
              value: () => null,
              cell: ({ id, attributes }) => (
                <Button
                  size="compact-xs"
                  variant="default"
                  loading={retry.isPending && retry.variables === id}
                  onClick={() => retry.mutate(id)}
                  aria-label={`Deliver the payload of ${attributes.edge_id} again`}
                >
                  Retry
                </Button>
              ),
            },
          ]}
        />
      )}
    </Section>
  );
}
