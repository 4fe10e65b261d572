"use client";

import { Autocomplete, NumberInput, Select, Switch, TagsInput, Textarea, TextInput } from "@mantine/core";
import { isVendorId, type VendorId, vendorOf } from "@portico/protocol/vendors";
import { useState } from "react";
import type { LlmAttributes } from "../../server/llms/contract.ts";
import type { Resource } from "../api/types.ts";
import { DayField } from "../form/day-field.tsx";
import { FormLayout, FormSection } from "../form/form-layout.tsx";
import { keptSecret, SecretField } from "../form/secret-field.tsx";
import { useEntityForm } from "../form/use-entity-form.ts";
import { dayOf, fromDay, numberOf } from "../form/values.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { Notice } from "../ui/notice.tsx";
import { PageHeader } from "../ui/page.tsx";
import { toast } from "../ui/toast.tsx";
import { ConnectionCheck } from "./connection-check.tsx";
import { FilterPicker } from "./filter-picker.tsx";
import { firstVendor, vendorOptions } from "./vendors.ts";

type Values = {
  name: string;
  vendor: VendorId;
  api_endpoint: string;
  api_key: string;
  default_model: string;
  allowed_models: string[];
  allowed_endpoints: string[];
  key_origins: string[];
  short_description: string;
  long_description: string;
  privacy_score: number | string;
  monthly_budget: number | string;
  budget_start_date: string | null;
  active: boolean;
  /** Ids, in the order in which they run. */
  filters: string[];
};

const blank: Values = {
  name: "",
  vendor: firstVendor.id,
  api_endpoint: firstVendor.endpoint,
  api_key: "",
  default_model: "",
  allowed_models: [],
  allowed_endpoints: [],
  key_origins: [],
  short_description: "",
  long_description: "",
  privacy_score: 0,
  monthly_budget: "",
  budget_start_date: null,
  active: true,
  filters: [],
};

const valuesOf = (llm: LlmAttributes): Values => ({
  name: llm.name,
  vendor: llm.vendor,
  api_endpoint: llm.api_endpoint,
  api_key: llm.has_api_key ? keptSecret : "",
  default_model: llm.default_model,
  allowed_models: llm.allowed_models ?? [],
  allowed_endpoints: llm.allowed_endpoints ?? [],
  key_origins: llm.key_origins ?? [],
  short_description: llm.short_description,
  long_description: llm.long_description,
  privacy_score: llm.privacy_score,
  monthly_budget: llm.monthly_budget ?? "",
  budget_start_date: dayOf(llm.budget_start_date),
  active: llm.active,
  filters: (llm.filters ?? []).map(({ id }) => id),
});

const attributesOf = (values: Values): Record<string, unknown> => ({
  ...values,
  privacy_score: numberOf(values.privacy_score) ?? 0,
  monthly_budget: numberOf(values.monthly_budget),
  budget_start_date: fromDay(values.budget_start_date),
});

const labels: Record<keyof Values, string> = {
  name: "Name",
  vendor: "Vendor",
  api_endpoint: "Endpoint",
  api_key: "API key",
  default_model: "Default model",
  allowed_models: "Allowed models",
  allowed_endpoints: "Allowed endpoints",
  key_origins: "Key origins",
  short_description: "Short description",
  long_description: "Long description",
  privacy_score: "Privacy score",
  monthly_budget: "Monthly budget",
  budget_start_date: "Month begins on",
  active: "Active",
  filters: "Filters",
};

const check = (values: Values) => ({
  ...(values.name.trim() === "" ? { name: "Enter a name. The gateway's path is made from it." } : {}),
});

/** Creates an LLM, or changes `llm`. */
export function LlmForm({ llm, etag }: { llm?: Resource<LlmAttributes>; etag?: string | undefined }) {
  const title = llm ? `Edit ${llm.attributes.name}` : "Create LLM";
  useCrumbs(llm ? [{ label: llm.attributes.name, href: `/admin/llms/${llm.id}` }, { label: "Edit" }] : [{ label: "Create" }]);
  const entity = useEntityForm<Values, LlmAttributes>({
    root: "llms",
    stored: llm && { resource: llm, etag },
    valuesOf: (attributes) => (attributes ? valuesOf(attributes) : blank),
    labels,
    attributesOf,
    check,
    onSaved: ({ data }) => {
      toast(`${data.attributes.name} ${llm ? "saved" : "created"}`);
      return `/admin/llms/${data.id}`;
    },
  });
  const { form } = entity;
  const values = form.getValues();
  const [models, setModels] = useState<string[]>([]);
  const renamed = llm && values.name.trim() !== llm.attributes.name;

  const chooseVendor = (vendor: string | null) => {
    if (!isVendorId(vendor)) return;
    const untouched = values.api_endpoint === "" || values.api_endpoint === vendorOf(values.vendor).endpoint;
    form.setFieldValue("vendor", vendor);
    if (untouched) form.setFieldValue("api_endpoint", vendorOf(vendor).endpoint);
  };

  return (
    <>
      <PageHeader title={title} />
      <FormLayout entity={entity} submitLabel={llm ? "Save LLM" : "Create LLM"} cancelHref={llm ? `/admin/llms/${llm.id}` : "/admin/llms"}>
        <FormSection title="Vendor" lead="The vendor, its address and your key. The key is stored encrypted and never shown again.">
          <TextInput
            label="Name"
            description={
              renamed
                ? "Renaming changes the gateway path. Update the clients that use the old one."
                : "Apps reach it under a path made from this name."
            }
            required
            {...form.getInputProps("name")}
            autoFocus={!llm}
          />
          <Select label="Vendor" data={vendorOptions} allowDeselect={false} {...form.getInputProps("vendor")} onChange={chooseVendor} />
          <TextInput
            label="Endpoint"
            description="The vendor's base address, or a server that speaks the same protocol."
            placeholder={vendorOf(values.vendor).endpoint}
            {...form.getInputProps("api_endpoint")}
          />
          <SecretField
            label="API key"
            stored={llm?.attributes.has_api_key ?? false}
            reference={llm?.attributes.api_key_reference ?? ""}
            takesReferences
            path="api_key"
            value={values.api_key}
            error={typeof form.errors.api_key === "string" ? form.errors.api_key : undefined}
            onChange={(value) => form.setFieldValue("api_key", value)}
          />
          {values.api_key === "" && values.api_endpoint.replace(/\/+$/, "") === vendorOf(values.vendor).endpoint && (
            <Notice tone="warn" title="No API key">
              {vendorOf(values.vendor).label} rejects calls without one. You can add it later.
            </Notice>
          )}
          <ConnectionCheck
            draft={{
              ...(llm ? { llm_id: Number(llm.id) } : {}),
              vendor: values.vendor,
              api_endpoint: values.api_endpoint,
              api_key: values.api_key,
              default_model: values.default_model,
            }}
            onModels={setModels}
          />
        </FormSection>
        <FormSection title="Models" lead="Which models of this vendor apps may ask for. Others are refused at the gateway.">
          <Autocomplete
            label="Default model"
            description={
              models.length > 0
                ? "Choose one that the vendor lists, or type another."
                : "Test the connection to choose from the vendor's list."
            }
            placeholder={`e.g. ${vendorOf(values.vendor).exampleModel}`}
            data={[...new Set(models)]}
            limit={50}
            {...form.getInputProps("default_model")}
          />
          <TagsInput
            label="Allowed models"
            description="Regular expressions, Enter after each. Empty allows every model."
            placeholder={values.allowed_models.length === 0 ? "^gpt-4o.*$" : ""}
            acceptValueOnBlur
            {...form.getInputProps("allowed_models")}
          />
        </FormSection>
        <FormSection
          title="Filters"
          lead="Scripts that judge requests and responses, in the order chosen. Gateways do not run them yet: they are stored and take no effect."
        >
          <FilterPicker
            label={labels.filters}
            value={values.filters}
            attached={llm?.attributes.filters ?? []}
            error={typeof form.errors.filters === "string" ? form.errors.filters : undefined}
            onChange={(filters) => form.setFieldValue("filters", filters)}
          />
        </FormSection>
        <FormSection
          title="Access"
          lead="Apps can call chat, responses, embeddings, images, audio, rerank, realtime and the list of models. Allow anything else here."
        >
          <TagsInput
            label="Allowed endpoints"
            description="More paths of the vendor, each with everything below it: files, batches or fine_tuning, Enter after each. With a budget, calls without a price are rejected."
            placeholder={values.allowed_endpoints.length === 0 ? "files" : ""}
            acceptValueOnBlur
            {...form.getInputProps("allowed_endpoints")}
          />
          <TagsInput
            label="Key origins"
            description="Origins besides the endpoint's that may receive the API key when a plugin redirects a request."
            placeholder={values.key_origins.length === 0 ? "https://eu.api.openai.com" : ""}
            acceptValueOnBlur
            {...form.getInputProps("key_origins")}
          />
        </FormSection>
        <FormSection
          title="Budget"
          lead="When the month's spending reaches the budget, the gateway refuses further calls until the next month."
        >
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
        <FormSection title="Description" lead="What portal users and administrators read about this LLM.">
          <TextInput label="Short description" {...form.getInputProps("short_description")} />
          <Textarea label="Long description" autosize minRows={3} maxRows={12} {...form.getInputProps("long_description")} />
          <NumberInput
            label="Privacy score"
            description="0 to 100: how sensitive the data may be that is sent to it."
            min={0}
            max={100}
            allowDecimal={false}
            {...form.getInputProps("privacy_score")}
          />
          <Switch
            label="Active"
            description="The gateway takes calls for it only while it is active."
            {...form.getInputProps("active", { type: "checkbox" })}
          />
        </FormSection>
      </FormLayout>
    </>
  );
}
