"use client";

import { NumberInput, Switch, Textarea, TextInput } from "@mantine/core";
import { DateInput } from "@mantine/dates";
import { useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import type { AppAttributes } from "../../server/apps/contract.ts";
import { call, document } from "../api/http.ts";
import { rememberSecret } from "../api/new-secret.ts";
import type { One, Resource } from "../api/types.ts";
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
  monthly_budget: number | string;
  budget_start_date: string | null;
  activate: boolean;
};

/** Creates an app, or changes `app`. A new one belongs to `me` unless another owner is chosen. */
export function AppForm({ app, me }: { app?: Resource<AppAttributes>; me?: { id: string; name: string } }) {
  const router = useRouter();
  const client = useQueryClient();
  useCrumbs(app ? [{ label: app.attributes.name, href: `/admin/apps/${app.id}` }, { label: "Edit" }] : [{ label: "Create" }]);
  const entity = useEntityForm<Values>({
    initial: {
      name: app?.attributes.name ?? "",
      description: app?.attributes.description ?? "",
      user_id: app ? (app.attributes.user_id === null ? null : String(app.attributes.user_id)) : (me?.id ?? null),
      llm_ids: (app?.attributes.llm_ids ?? []).map(String),
      monthly_budget: app?.attributes.monthly_budget ?? "",
      budget_start_date: dayOf(app?.attributes.budget_start_date),
      activate: true,
    },
    check: (values) => (values.name.trim() === "" ? { name: "Give it a name by which you will know it in the books." } : {}),
    save: async (values) => {
      const attributes = {
        name: values.name.trim(),
        description: values.description,
        ...(values.user_id === null ? {} : { user_id: Number(values.user_id) }),
        llm_ids: values.llm_ids.map(Number),
        monthly_budget: numberOf(values.monthly_budget),
        budget_start_date: fromDay(values.budget_start_date),
        ...(app ? {} : { activate: values.activate }),
      };
      const saved = await call<One<AppAttributes>>(
        app ? "PATCH" : "POST",
        app ? `/api/v1/apps/${app.id}` : "/api/v1/apps",
        document("app", attributes),
      );
      client.setQueryData(["apps", `/api/v1/apps/${saved.data.id}`], saved);
      void client.invalidateQueries({ queryKey: ["apps"] });
      toast(
        app ? `${attributes.name} saved` : `${attributes.name} created`,
        app ? undefined : "Copy its secret now: it is shown only this once.",
      );
      rememberSecret(client, "apps", saved.data.id, saved.data.attributes.credential?.secret);
      router.push(`/admin/apps/${saved.data.id}`);
    },
  });
  const { form } = entity;
  return (
    <>
      <PageHeader title={app ? `Edit ${app.attributes.name}` : "Create app"} />
      <FormLayout entity={entity} submitLabel={app ? "Save app" : "Create app"} cancelHref={app ? `/admin/apps/${app.id}` : "/admin/apps"}>
        <FormSection title="The app" lead="What it is, and whose.">
          <TextInput label="Name" required autoFocus={!app} {...form.getInputProps("name")} />
          <Textarea label="Description" autosize minRows={2} {...form.getInputProps("description")} />
          <OnePicker
            root="users"
            label="Owner"
            chosen={
              me
                ? [{ value: me.id, label: me.name }]
                : app?.attributes.owner
                  ? [{ value: String(app.attributes.owner.id), label: app.attributes.owner.name }]
                  : []
            }
            {...form.getInputProps("user_id")}
          />
        </FormSection>
        <FormSection title="LLMs" lead="The gateway refuses this app's calls to any other.">
          <ManyPicker root="llms" label="It may call" placeholder="Choose LLMs" {...form.getInputProps("llm_ids")} />
        </FormSection>
        {!app && (
          <FormSection title="Credential" lead="The app comes with one. Its secret is shown once, after this.">
            <Switch
              label="Let it call at once"
              description="Otherwise the credential waits until somebody activates it."
              {...form.getInputProps("activate", { type: "checkbox" })}
            />
          </FormSection>
        )}
        <FormSection title="Budget" lead="When the month's spending reaches it, the app's calls are refused until the next month.">
          <NumberInput
            label="Monthly budget"
            description="US dollars. Empty is no limit."
            prefix="$ "
            thousandSeparator=","
            min={0}
            decimalScale={6}
            {...form.getInputProps("monthly_budget")}
          />
          <DateInput
            label="Month begins on"
            description="Empty is the first of the calendar month, UTC."
            valueFormat="YYYY-MM-DD"
            clearable
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
      {(app) => <AppForm app={app} key={app.id} />}
    </WithResource>
  );
}
