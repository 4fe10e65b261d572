"use client";

import { NumberInput, Switch, Textarea, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { AppAttributes } from "../../server/apps/contract.ts";
import { rememberSecret } from "../api/new-secret.ts";
import type { Resource } from "../api/types.ts";
import { DayField } from "../form/day-field.tsx";
import { FormLayout, FormSection } from "../form/form-layout.tsx";
import { ManyPicker, OnePicker } from "../form/picker.tsx";
import { useEntityForm } from "../form/use-entity-form.ts";
import { dayOf, fromDay, numberOf } from "../form/values.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { PageHeader } from "../ui/page.tsx";
import { toast } from "../ui/toast.tsx";
import { WithResource } from "../ui/with-resource.tsx";

type Values = {
  name: string;
  description: string;
  user_id: string | null;
  llm_ids: string[];
  tool_ids: string[];
  monthly_budget: number | string;
  budget_start_date: string | null;
  activate: boolean;
};

const labels: Record<keyof Values, string> = {
  name: "Name",
  description: "Description",
  user_id: "Owner",
  llm_ids: "LLMs",
  tool_ids: "Tools",
  monthly_budget: "Monthly budget",
  budget_start_date: "Month begins on",
  activate: "Activate the credential now",
};

/** Creates an app, or changes `app`. A new one belongs to `me` unless another owner is selected. */
export function AppForm({
  app,
  etag,
  me,
}: {
  app?: Resource<AppAttributes>;
  etag?: string | undefined;
  me?: { id: string; name: string };
}) {
  const client = useQueryClient();
  useCrumbs(app ? [{ label: app.attributes.name, href: `/admin/apps/${app.id}` }, { label: "Edit" }] : [{ label: "Create" }]);
  const entity = useEntityForm<Values, AppAttributes>({
    root: "apps",
    type: "app",
    stored: app && { resource: app, etag },
    valuesOf: (attributes) => ({
      name: attributes?.name ?? "",
      description: attributes?.description ?? "",
      user_id: attributes ? (attributes.user_id === null ? null : String(attributes.user_id)) : (me?.id ?? null),
      llm_ids: (attributes?.llm_ids ?? []).map(String),
      tool_ids: (attributes?.tool_ids ?? []).map(String),
      monthly_budget: attributes?.monthly_budget ?? "",
      budget_start_date: dayOf(attributes?.budget_start_date),
      activate: true,
    }),
    labels,
    attributesOf: (values) => ({
      name: values.name.trim(),
      description: values.description,
      ...(values.user_id === null ? {} : { user_id: Number(values.user_id) }),
      llm_ids: values.llm_ids.map(Number),
      tool_ids: values.tool_ids.map(Number),
      monthly_budget: numberOf(values.monthly_budget),
      budget_start_date: fromDay(values.budget_start_date),
      ...(app ? {} : { activate: values.activate }),
    }),
    check: (values) => (values.name.trim() === "" ? { name: "Enter a name." } : {}),
    onSaved: ({ data }) => {
      const { name } = data.attributes;
      if (app) toast(`${name} saved`);
      else toast(`${name} created`, "Copy its secret now: it is shown only this once.");
      rememberSecret(client, "apps", data.id, data.attributes.credential?.secret);
      return `/admin/apps/${data.id}`;
    },
  });
  const { form } = entity;
  return (
    <>
      <PageHeader title={app ? `Edit ${app.attributes.name}` : "Create app"} />
      <FormLayout entity={entity} submitLabel={app ? "Save app" : "Create app"} cancelHref={app ? `/admin/apps/${app.id}` : "/admin/apps"}>
        <FormSection title="App" lead="A program that calls LLMs, and its owner.">
          <TextInput label="Name" required autoFocus={!app} {...form.getInputProps("name")} />
          <Textarea label="Description" autosize minRows={2} {...form.getInputProps("description")} />
          <OnePicker
            root="users"
            label="Owner"
            selected={
              me
                ? [{ value: me.id, label: me.name }]
                : app?.attributes.owner
                  ? [{ value: String(app.attributes.owner.id), label: app.attributes.owner.name }]
                  : []
            }
            {...form.getInputProps("user_id")}
          />
        </FormSection>
        <FormSection title="LLMs" lead="Calls of this app to any other LLM are rejected.">
          <ManyPicker root="llms" label={labels.llm_ids} placeholder="Select LLMs" {...form.getInputProps("llm_ids")} />
        </FormSection>
        <FormSection title="Tools" lead="APIs that the app may call. Gateways do not serve tools yet.">
          <ManyPicker root="tools" label={labels.tool_ids} placeholder="Select tools" {...form.getInputProps("tool_ids")} />
        </FormSection>
        {!app && (
          <FormSection title="Credential" lead="The app is created with a credential. Its secret is shown once, on the next page.">
            <Switch
              label={labels.activate}
              description="Otherwise calls are rejected until an administrator activates it."
              {...form.getInputProps("activate", { type: "checkbox" })}
            />
          </FormSection>
        )}
        <FormSection title="Budget" lead="When the month's spend reaches the budget, calls are rejected until the next month.">
          <NumberInput
            label="Monthly budget"
            description="US dollars. Empty is no limit."
            prefix="$ "
            thousandSeparator=","
            min={0}
            decimalScale={6}
            {...form.getInputProps("monthly_budget")}
          />
          <DayField
            label={labels.budget_start_date}
            description="Empty is the first of the calendar month, UTC."
            {...form.getInputProps("budget_start_date")}
          />
        </FormSection>
      </FormLayout>
    </>
  );
}

export function AppEdit({ id }: { id: string }) {
  return (
    <WithResource<AppAttributes> root="apps" id={id} noun="app" back="/admin/apps">
      {(app, etag) => <AppForm app={app} etag={etag} key={app.id} />}
    </WithResource>
  );
}
