"use client";

import { Button, FileButton } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { FileStoreAttributes } from "../../server/filestore/contract.ts";
import type { ToolAttributes } from "../../server/tools/contract.ts";
import { call } from "../api/http.ts";
import { api } from "../api/query.ts";
import type { One, Resource } from "../api/types.ts";
import { OnePicker } from "../form/picker.tsx";
import type { Column } from "../table/column.ts";
import { formatCount } from "../ui/format.ts";
import { Section } from "../ui/page.tsx";
import { PlainTable } from "../ui/plain-table.tsx";
import { toast, toastError } from "../ui/toast.tsx";

type Tool = Resource<ToolAttributes>;

/** Changes a relation and shows the tool as it is then. */
function useRelation(tool: Tool) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ method, path }: { method: "POST" | "DELETE"; path: string; done: string }) =>
      call<One<ToolAttributes>>(method, `/api/v1/tools/${tool.id}/${path}`),
    onSuccess: (answer, { done }) => {
      client.setQueryData(api.one("tools", tool.id).queryKey, answer);
      void client.invalidateQueries({ queryKey: ["tools"] });
      toast(done);
    },
    onError: (error) => toastError("Nothing was changed", error),
  });
}

/** Files that describe the tool to people. */
export function ToolFiles({ tool }: { tool: Tool }) {
  const change = useRelation(tool);
  const upload = async (file: File | null) => {
    if (!file) return;
    const form = new FormData();
    form.set("file", file);
    try {
      const { data } = await call<One<FileStoreAttributes>>("POST", "/api/v1/filestore", form);
      change.mutate({ method: "POST", path: `filestores/${data.id}`, done: `${data.attributes.file_name} added` });
    } catch (error) {
      toastError(`${file.name} was not uploaded`, error);
    }
  };
  const columns: Column<FileStoreAttributes>[] = [
    {
      id: "name",
      header: "File",
      value: (row) => row.attributes.file_name,
      cell: (row) => (
        <a href={`/api/v1/filestore/${row.id}/content`} download>
          {row.attributes.file_name}
        </a>
      ),
    },
    {
      id: "size",
      header: "Size",
      value: (row) => row.attributes.length,
      cell: (row) => `${formatCount(row.attributes.length)} bytes`,
      align: "right",
      mono: true,
    },
    {
      id: "remove",
      header: "Actions",
      value: () => "",
      align: "right",
      cell: (row) => (
        <Button
          size="xs"
          variant="subtle"
          aria-label={`Remove ${row.attributes.file_name}`}
          onClick={() => change.mutate({ method: "DELETE", path: `filestores/${row.id}`, done: `${row.attributes.file_name} removed` })}
        >
          Remove
        </Button>
      ),
    },
  ];
  return (
    <Section
      title="Documents"
      lead="Text, Markdown, HTML, CSV, PDF, DOCX, ODT or RTF, up to 10 MiB each."
      actions={
        <FileButton onChange={(file) => void upload(file)}>
          {(props) => (
            <Button size="xs" variant="default" {...props}>
              Upload document
            </Button>
          )}
        </FileButton>
      }
    >
      <PlainTable
        label="Documents"
        columns={columns}
        rows={tool.attributes.file_stores}
        nothing="No documents yet. Upload a guide to the API for whoever builds with it."
      />
    </Section>
  );
}

/** Tools that this one needs. */
export function ToolDependencies({ tool }: { tool: Tool }) {
  const change = useRelation(tool);
  const [next, setNext] = useState<string | null>(null);
  const columns: Column<{ name: string; description: string }>[] = [
    { id: "name", header: "Tool", value: (row) => row.attributes.name },
    { id: "description", header: "Description", value: (row) => row.attributes.description, rank: 2 },
    {
      id: "remove",
      header: "Actions",
      value: () => "",
      align: "right",
      cell: (row) => (
        <Button
          size="xs"
          variant="subtle"
          aria-label={`Remove ${row.attributes.name}`}
          onClick={() => change.mutate({ method: "DELETE", path: `dependencies/${row.id}`, done: `${row.attributes.name} removed` })}
        >
          Remove
        </Button>
      ),
    },
  ];
  return (
    <Section
      title="Depends on"
      lead="Tools that are of no use without each other. Whoever is given this one needs those too."
      actions={
        <>
          <OnePicker
            root="tools"
            aria-label="Tool to depend on"
            placeholder="Choose a tool"
            w={220}
            value={next}
            onChange={setNext}
            clearable
          />
          <Button
            size="xs"
            variant="default"
            disabled={next === null}
            loading={change.isPending}
            onClick={() => {
              change.mutate({ method: "POST", path: `dependencies/${next}`, done: "Dependency added" });
              setNext(null);
            }}
          >
            Add
          </Button>
        </>
      }
    >
      <PlainTable
        label="Depends on"
        columns={columns}
        rows={tool.attributes.dependencies}
        href={(row) => `/admin/tools/${row.id}`}
        nothing="It depends on no other tool."
      />
    </Section>
  );
}
