"use client";

import { MultiSelect, NumberInput, Textarea, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { AppAttributes } from "../../server/apps/contract.ts";
import type { UsableLlm, UsableTool } from "../../server/catalogues/contract.ts";
import { call } from "../api/http.ts";
import { rememberSecret } from "../api/new-secret.ts";
import type { Resource } from "../api/types.ts";
import { FormLayout, FormSection } from "../form/form-layout.tsx";
import { useEntityForm } from "../form/use-entity-form.ts";
import { numberOf } from "../form/values.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { Failure } from "../ui/notice.tsx";
import { PageHeader } from "../ui/page.tsx";
import { PageSkeleton } from "../ui/page-skeleton.tsx";
import { toast } from "../ui/toast.tsx";
import { useSelfService, useUsableLlms, useUsableTools } from "./usable.ts";

type Values = { name: string; description: string; llm_ids: string[]; tool_ids: string[]; monthly_budget: number | string };

const labels: Record<keyof Values, string> = {
  name: "Name",
  description: "What it is for",
  llm_ids: "LLMs",
  tool_ids: "Tools",
  monthly_budget: "Monthly budget",
};

type Chosen = { llm: string | undefined; tool: string | undefined };

/** Creates an app of the signed-in user's own, with what was selected in the catalogue. */
export function OwnAppCreate({ chosen }: { chosen: Chosen }) {
  const llms = useUsableLlms();
  const tools = useUsableTools();
  useCrumbs([{ label: "Create" }]);
  if (llms.error) return <Failure what="The LLMs" error={llms.error} retry={() => void llms.refetch()} />;
  if (tools.error) return <Failure what="The tools" error={tools.error} retry={() => void tools.refetch()} />;
  if (!llms.data || !tools.data) return <PageSkeleton />;
  return <OwnAppForm llms={llms.data} tools={tools.data} chosen={chosen} />;
}

const optionsOf = (rows: (UsableLlm | UsableTool)[]) => rows.map(({ id, attributes }) => ({ value: id, label: attributes.name }));
const among = (rows: { id: string }[], id: string | undefined): string[] => rows.flatMap((row) => (row.id === id ? [row.id] : []));

function OwnAppForm({ llms, tools, chosen }: { llms: UsableLlm[]; tools: UsableTool[]; chosen: Chosen }) {
  const client = useQueryClient();
  const isSelfService = useSelfService();
  const entity = useEntityForm<Values, AppAttributes>({
    root: "apps",
    create: async (attributes) => ({ data: await call<Resource<AppAttributes>>("POST", "/common/apps", attributes) }),
    valuesOf: () => ({
      name: "",
      description: "",
      llm_ids: among(llms, chosen.llm),
      tool_ids: among(tools, chosen.tool),
      monthly_budget: "",
    }),
    labels,
    attributesOf: (values) => ({
      name: values.name.trim(),
      description: values.description.trim(),
      llm_ids: values.llm_ids.map(Number),
      tool_ids: values.tool_ids.map(Number),
      monthly_budget: numberOf(values.monthly_budget),
    }),
    check: ({ name }) => (name.trim() === "" ? { name: "Enter a name." } : {}),
    checkFirst: ({ llm_ids, tool_ids }) => (llm_ids.length + tool_ids.length === 0 ? { llm_ids: "Select at least one LLM or tool." } : {}),
    onSaved: ({ data }) => {
      toast(`${data.attributes.name} created`, "Copy its key now: it is shown only this once.");
      rememberSecret(client, "apps", data.id, data.attributes.credential?.secret);
      return `/portal/apps/${data.id}`;
    },
  });
  const { form } = entity;
  return (
    <>
      <PageHeader
        title="Create app"
        lead={isSelfService ? "Its key works at once." : "Its key works once an administrator has approved the app."}
      />
      <FormLayout entity={entity} submitLabel="Create app" cancelHref="/portal/apps">
        <FormSection title="App" lead="One app for each program, so that usage and keys stay apart.">
          <TextInput label={labels.name} required autoFocus {...form.getInputProps("name")} />
          <Textarea
            label={labels.description}
            description={isSelfService ? undefined : "The administrator who approves the app reads this."}
            autosize
            minRows={2}
            {...form.getInputProps("description")}
          />
        </FormSection>
        <FormSection title="Access" lead="From the catalogues of your groups.">
          <MultiSelect label={labels.llm_ids} data={optionsOf(llms)} searchable hidePickedOptions {...form.getInputProps("llm_ids")} />
          {tools.length > 0 && (
            <MultiSelect label={labels.tool_ids} data={optionsOf(tools)} searchable hidePickedOptions {...form.getInputProps("tool_ids")} />
          )}
          <NumberInput
            label={labels.monthly_budget}
            description="US dollars. Empty is no limit. At the limit calls are rejected until the next month."
            prefix="$ "
            thousandSeparator=","
            min={0}
            decimalScale={6}
            {...form.getInputProps("monthly_budget")}
          />
        </FormSection>
      </FormLayout>
    </>
  );
}
