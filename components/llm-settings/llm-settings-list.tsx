"use client";

import { Button } from "@mantine/core";
import Link from "next/link";
import type { LlmSettingsAttributes } from "../../server/llm-settings/contract.ts";
import { call } from "../api/http.ts";
import type { BulkAction, Column } from "../table/column.ts";
import { DataTable } from "../table/data-table.tsx";
import { lists } from "../table/list-query.ts";
import { Empty } from "../ui/empty.tsx";
import { formatCount } from "../ui/format.ts";
import { PageHeader } from "../ui/page.tsx";
import { Ago } from "../ui/time.tsx";

const unlessZero = (value: number) => (value === 0 ? <span className="quiet">–</span> : formatCount(value));

const columns: Column<LlmSettingsAttributes>[] = [
  { id: "model", header: "Model", value: (row) => row.attributes.model_name, sort: "model_name" },
  {
    id: "max_tokens",
    header: "Max tokens",
    value: (row) => row.attributes.max_tokens,
    cell: (row) => unlessZero(row.attributes.max_tokens),
    sort: "max_tokens",
    align: "right",
    mono: true,
  },
  {
    id: "temperature",
    header: "Temperature",
    value: (row) => row.attributes.temperature,
    cell: (row) => (row.attributes.temperature === 0 ? <span className="quiet">–</span> : row.attributes.temperature),
    align: "right",
    mono: true,
  },
  {
    id: "prompt",
    header: "System prompt",
    value: (row) => (row.attributes.system_prompt === "" ? "none" : row.attributes.system_prompt.slice(0, 80)),
    rank: 2,
  },
  {
    id: "updated",
    header: "Updated",
    value: (row) => row.attributes.updated_at,
    cell: (row) => <Ago at={row.attributes.updated_at} />,
    sort: "updated_at",
  },
];

const bulk: BulkAction<LlmSettingsAttributes>[] = [
  {
    label: "Delete",
    done: "deleted",
    confirm: { verb: "Delete", lead: "These settings are deleted permanently.", dependents: true },
    run: (row) => call("DELETE", `/api/v1/llm-settings/${row.id}`),
  },
];

const create = (
  <Button component={Link} href="/admin/llm-settings/new">
    Create LLM settings
  </Button>
);

export function LlmSettingsList() {
  return (
    <>
      <PageHeader
        title="LLM settings"
        lead="Parameters and system prompts for chats with a model. Calls through gateways keep the parameters that their app sends."
        actions={create}
      />
      <DataTable
        label="LLM settings"
        query={lists.llmSettings}
        columns={columns}
        href={(row) => `/admin/llm-settings/${row.id}`}
        bulk={bulk}
        empty={
          <Empty title="No LLM settings yet" action={create}>
            Settings say how a model is called: its temperature, the length of its answers, its system prompt. Chats will choose one of
            them.
          </Empty>
        }
      />
    </>
  );
}
