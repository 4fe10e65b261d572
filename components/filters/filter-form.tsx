"use client";

import { Button, SegmentedControl, Select, Switch, Textarea, TextInput } from "@mantine/core";
import { useRouter } from "next/navigation";
import { useState } from "react";
import type { FilterAttributes } from "../../server/filters/contract.ts";
import type { Resource } from "../api/types.ts";
import { FormLayout, FormSection } from "../form/form-layout.tsx";
import { useEntityForm } from "../form/use-entity-form.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { confirmAction, useDelete } from "../ui/confirm.tsx";
import { PageHeader } from "../ui/page.tsx";
import { toast } from "../ui/toast.tsx";
import { WithResource } from "../ui/with-resource.tsx";
import { fromBase64, toBase64 } from "./base64.ts";
import { FilterTest } from "./filter-test.tsx";
import { ScriptField } from "./script-field.tsx";
import { templates } from "./templates.ts";

type Values = { name: string; description: string; script: string; response_filter: boolean; active: boolean; namespace: string };

const labels: Record<keyof Values, string> = {
  name: "Name",
  description: "Description",
  script: "Script",
  response_filter: "Judges",
  active: "Active",
  namespace: "Namespace",
};

const first = templates[0]?.script ?? "";

/** Creates a filter, or changes `filter`. `begin` is what a copy starts from. */
export function FilterForm({
  filter,
  etag,
  begin,
}: {
  filter?: Resource<FilterAttributes>;
  etag?: string | undefined;
  begin?: FilterAttributes;
}) {
  const router = useRouter();
  const remove = useDelete("filters", "filter");
  useCrumbs([{ label: filter ? filter.attributes.name : "Create" }]);
  const [problem, setProblem] = useState<{ line: number; message: string } | null>(null);
  const entity = useEntityForm<Values, FilterAttributes>({
    root: "filters",
    type: "filter",
    stored: filter && { resource: filter, etag },
    valuesOf(stored) {
      const from = stored ?? begin;
      return {
        name: stored?.name ?? (begin ? `${begin.name} (copy)` : ""),
        description: from?.description ?? "",
        script: from ? fromBase64(from.script) : first,
        response_filter: from?.response_filter ?? false,
        active: from?.active ?? true,
        namespace: from?.namespace ?? "",
      };
    },
    labels,
    attributesOf: (values) => ({ ...values, name: values.name.trim(), script: toBase64(values.script) }),
    check: ({ name }) => (name.trim() === "" ? { name: "Enter a name." } : {}),
    onSaved: ({ data }) => {
      toast(`${data.attributes.name} ${filter ? "saved" : "created"}`);
      return "/admin/filters";
    },
  });
  const { form } = entity;
  const values = form.getValues();

  function begunWith(id: string | null): void {
    const template = templates.find((one) => one.id === id);
    if (!template) return;
    const use = () => {
      form.setFieldValue("script", template.script);
      form.setFieldValue("response_filter", template.isResponse);
      setProblem(null);
    };
    if (templates.some(({ script }) => script === values.script)) use();
    else
      confirmAction({
        title: "Replace script",
        lead: "The template replaces the script that is in the form.",
        verb: "Replace script",
        run: async () => use(),
      });
  }

  return (
    <>
      <PageHeader
        title={filter ? filter.attributes.name : "Create filter"}
        lead="Gateways do not run filters yet: an attached filter is stored and takes no effect."
        actions={
          filter && (
            <>
              <Button variant="default" onClick={() => router.push(`/admin/filters/new?from=${filter.id}`)}>
                Clone
              </Button>
              <Button variant="default" onClick={() => remove(filter.id, filter.attributes.name, () => router.push("/admin/filters"))}>
                Delete filter
              </Button>
            </>
          )
        }
      />
      <FormLayout entity={entity} submitLabel={filter ? "Save filter" : "Create filter"} cancelHref="/admin/filters">
        <FormSection title="Filter" lead="What it is for, and what it judges. Attach it on the page of an LLM.">
          <TextInput label={labels.name} placeholder="Redact personal data" required autoFocus={!filter} {...form.getInputProps("name")} />
          <Textarea label={labels.description} autosize minRows={2} {...form.getInputProps("description")} />
          <SegmentedControl
            aria-label={labels.response_filter}
            data={[
              { value: "request", label: "Requests: may block and rewrite" },
              { value: "response", label: "Responses: may block" },
            ]}
            value={values.response_filter ? "response" : "request"}
            onChange={(value) => form.setFieldValue("response_filter", value === "response")}
          />
          <Switch
            label={labels.active}
            description="An active filter's script must compile. Deactivate it to store a draft, or a Tengo script that is still to be ported."
            {...form.getInputProps("active", { type: "checkbox" })}
          />
          <TextInput label={labels.namespace} description="Empty: for LLMs of all namespaces." {...form.getInputProps("namespace")} />
        </FormSection>
        <FormSection title="Script" lead="JavaScript that reads input and leaves output. It runs in a sandbox, for at most 5 seconds.">
          <Select
            label="Begin with"
            placeholder="Choose a template"
            value={null}
            data={templates.map(({ id, label }) => ({ value: id, label }))}
            onChange={begunWith}
          />
          <ScriptField
            label={labels.script}
            description="input, output, tyk, text, json and fmt are there; Ctrl-Space completes."
            value={values.script}
            error={typeof form.errors.script === "string" ? form.errors.script : undefined}
            problem={problem}
            onChange={(script) => form.setFieldValue("script", script)}
          />
        </FormSection>
        <FormSection title="Test" lead="Runs the script above, saved or not. Calls that it makes are real.">
          <FilterTest script={values.script} isResponse={values.response_filter} onProblem={setProblem} />
        </FormSection>
      </FormLayout>
    </>
  );
}

export function FilterEdit({ id }: { id: string }) {
  return (
    <WithResource<FilterAttributes> root="filters" id={id} noun="filter" back="/admin/filters">
      {(filter, etag) => <FilterForm filter={filter} etag={etag} key={filter.id} />}
    </WithResource>
  );
}

/** A new filter that begins as a copy of another. */
export function FilterCopy({ id }: { id: string }) {
  return (
    <WithResource<FilterAttributes> root="filters" id={id} noun="filter" back="/admin/filters">
      {(filter) => <FilterForm begin={filter.attributes} key={filter.id} />}
    </WithResource>
  );
}
