"use client";

import { Button, Switch } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { DefinitionAttributes, ToolOperationShape } from "../../server/tools/contract/definition.ts";
import type { ToolAttributes } from "../../server/tools/contract.ts";
import { call, document } from "../api/http.ts";
import { api } from "../api/query.ts";
import type { One, Resource } from "../api/types.ts";
import type { Column } from "../table/column.ts";
import { Failure } from "../ui/notice.tsx";
import { Section } from "../ui/page.tsx";
import { PlainTable } from "../ui/plain-table.tsx";
import { toast, toastError } from "../ui/toast.tsx";
import { Route } from "./operation-picker.tsx";
import { definitionOf } from "./try-operation.tsx";

/** All operations of the document, and which of them may be called. */
export function ToolOperations({ tool }: { tool: Resource<ToolAttributes> }) {
  const client = useQueryClient();
  const { data, error, isPending, refetch } = useQuery<One<DefinitionAttributes>>(definitionOf(tool.id));
  const operations = data?.data.attributes.operations ?? [];
  const allowed = new Set(tool.attributes.operations);
  const saved = (answer: One<ToolAttributes>) => {
    client.setQueryData(api.one("tools", tool.id).queryKey, answer);
    void client.invalidateQueries({ queryKey: ["tools"] });
  };
  const one = useMutation({
    mutationFn: ({ operation, allow }: { operation: string; allow: boolean }) =>
      call<One<ToolAttributes>>(allow ? "POST" : "DELETE", `/api/v1/tools/${tool.id}/operations`, document("operations", { operation })),
    onSuccess: saved,
    onError: (failure) => toastError("The operation was not changed", failure),
  });
  const every = useMutation({
    mutationFn: (ids: string[]) => call<One<ToolAttributes>>("PATCH", `/api/v1/tools/${tool.id}`, document("tools", { operations: ids })),
    onSuccess: (answer) => {
      saved(answer);
      toast("Operations saved");
    },
    onError: (failure) => toastError("The operations were not changed", failure),
  });
  const columns: Column<ToolOperationShape>[] = [
    {
      id: "allowed",
      header: "Allowed",
      value: (row) => (allowed.has(row.id) ? "yes" : "no"),
      cell: (row) => (
        <Switch
          aria-label={`Allow ${row.id}`}
          checked={allowed.has(row.id)}
          disabled={one.isPending}
          onChange={(event) => one.mutate({ operation: row.id, allow: event.currentTarget.checked })}
        />
      ),
    },
    { id: "operation", header: "Operation", value: (row) => row.id, mono: true },
    { id: "route", header: "Request", value: (row) => row.attributes.path, cell: (row) => <Route operation={row.attributes} /> },
    {
      id: "summary",
      header: "Summary",
      value: (row) => `${row.attributes.deprecated ? "Deprecated. " : ""}${row.attributes.summary}`,
      rank: 2,
    },
  ];
  if (error) return <Failure what="The operations" error={error} retry={() => void refetch()} />;
  return (
    <Section
      title="Operations"
      lead="Only allowed operations may be called, by anybody."
      actions={
        <>
          <Button
            size="xs"
            variant="default"
            loading={every.isPending}
            onClick={() => every.mutate(operations.map(({ operation_id }) => operation_id))}
          >
            Allow all
          </Button>
          <Button size="xs" variant="default" loading={every.isPending} onClick={() => every.mutate([])}>
            Deny all
          </Button>
        </>
      }
    >
      <PlainTable
        label="Operations"
        columns={columns}
        rows={operations.map((attributes) => ({ type: "operations", id: attributes.operation_id, attributes }))}
        loading={isPending}
        nothing="The document has no operations."
      />
    </Section>
  );
}
