"use client";

import { Button, NumberInput, Select, Switch, TextInput } from "@mantine/core";
import { useRouter } from "next/navigation";
import type { DatasourceAttributes } from "../../server/datasources/contract.ts";
import type { Resource } from "../api/types.ts";
import { FormLayout, FormSection } from "../form/form-layout.tsx";
import { keptSecret, SecretField } from "../form/secret-field.tsx";
import { useEntityForm } from "../form/use-entity-form.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { useDelete } from "../ui/confirm.tsx";
import { PageHeader } from "../ui/page.tsx";
import { toast } from "../ui/toast.tsx";
import { WithResource } from "../ui/with-resource.tsx";
import { DatasourceQuery } from "./datasource-query.tsx";
import { choicesOf, embedderLabels, storeLabels } from "./vendors.ts";

const valuesOf = (source?: DatasourceAttributes) => ({
  name: source?.name ?? "",
  short_description: source?.short_description ?? "",
  privacy_score: source?.privacy_score ?? 0,
  db_source_type: source?.db_source_type ?? "embedded",
  db_conn_string: source?.db_conn_string ?? "",
  db_conn_api_key: source?.has_db_conn_api_key ? keptSecret : "",
  db_name: source?.db_name ?? "",
  embed_vendor: source?.embed_vendor ?? "local",
  embed_url: source?.embed_url ?? "",
  embed_api_key: source?.has_embed_api_key ? keptSecret : "",
  embed_model: source?.embed_model ?? "",
  active: source?.active ?? true,
});
type Values = ReturnType<typeof valuesOf>;

const labels: Record<keyof Values, string> = {
  name: "Name",
  short_description: "Short description",
  privacy_score: "Privacy score",
  db_source_type: "Vectors in",
  db_conn_string: "Address",
  db_conn_api_key: "Store's key",
  db_name: "Collection",
  embed_vendor: "Embedder",
  embed_url: "Endpoint",
  embed_api_key: "Embedder's key",
  embed_model: "Model",
  active: "Active",
};

/** Creates a data source, or changes `source`. */
export function DatasourceForm({ source, etag }: { source?: Resource<DatasourceAttributes>; etag?: string | undefined }) {
  const router = useRouter();
  const remove = useDelete("datasources", "data source");
  useCrumbs([{ label: source ? source.attributes.name : "Create" }]);
  const entity = useEntityForm<Values, DatasourceAttributes>({
    root: "datasources",
    stored: source && { resource: source, etag },
    valuesOf,
    labels,
    attributesOf: (values) => values,
    check: ({ name }) => (name.trim() === "" ? { name: "Enter a name." } : {}),
    onSaved: ({ data }) => {
      toast(`${data.attributes.name} ${source ? "saved" : "created"}`);
      return "/admin/datasources";
    },
  });
  const { form } = entity;
  const values = form.getValues();
  const errorOf = (field: keyof Values) => (typeof form.errors[field] === "string" ? form.errors[field] : undefined);
  const isRemoteStore = values.db_source_type !== "embedded";
  const isRemoteEmbedder = values.embed_vendor !== "local";
  return (
    <>
      <PageHeader
        title={source ? source.attributes.name : "Create data source"}
        actions={
          source && (
            <Button variant="default" onClick={() => remove(source.id, source.attributes.name, () => router.push("/admin/datasources"))}>
              Delete data source
            </Button>
          )
        }
      />
      <FormLayout entity={entity} submitLabel={source ? "Save data source" : "Create data source"} cancelHref="/admin/datasources">
        <FormSection title="Data source" lead="What it is, and how sensitive its documents are.">
          <TextInput label={labels.name} required {...form.getInputProps("name")} />
          <TextInput label={labels.short_description} {...form.getInputProps("short_description")} />
          <NumberInput
            label={labels.privacy_score}
            description="From 0 to 100."
            min={0}
            max={100}
            {...form.getInputProps("privacy_score")}
          />
          <Switch label={labels.active} {...form.getInputProps("active", { type: "checkbox" })} />
        </FormSection>
        <FormSection title="Vectors" lead="The built-in store keeps them in Portico's own database.">
          <Select
            label={labels.db_source_type}
            data={choicesOf(storeLabels)}
            allowDeselect={false}
            {...form.getInputProps("db_source_type")}
          />
          {isRemoteStore && <TextInput label={labels.db_conn_string} placeholder="https://" {...form.getInputProps("db_conn_string")} />}
          {isRemoteStore && (
            <SecretField
              label={labels.db_conn_api_key}
              stored={source?.attributes.has_db_conn_api_key ?? false}
              reference={source?.attributes.db_conn_api_key_reference ?? ""}
              takesReferences
              path="db_conn_api_key"
              value={values.db_conn_api_key}
              error={errorOf("db_conn_api_key")}
              onChange={(value) => form.setFieldValue("db_conn_api_key", value)}
            />
          )}
          <TextInput
            label={labels.db_name}
            description="The built-in store calls it “default” unless you name it."
            {...form.getInputProps("db_name")}
          />
        </FormSection>
        <FormSection
          title="Embedder"
          lead="Makes vectors of texts. The built-in one finds shared wording, not meaning, and needs no network."
        >
          <Select
            label={labels.embed_vendor}
            data={choicesOf(embedderLabels)}
            allowDeselect={false}
            {...form.getInputProps("embed_vendor")}
          />
          {isRemoteEmbedder && <TextInput label={labels.embed_url} placeholder="https://" {...form.getInputProps("embed_url")} />}
          {isRemoteEmbedder && <TextInput label={labels.embed_model} required {...form.getInputProps("embed_model")} />}
          {isRemoteEmbedder && (
            <SecretField
              label={labels.embed_api_key}
              stored={source?.attributes.has_embed_api_key ?? false}
              reference={source?.attributes.embed_api_key_reference ?? ""}
              takesReferences
              path="embed_api_key"
              value={values.embed_api_key}
              error={errorOf("embed_api_key")}
              onChange={(value) => form.setFieldValue("embed_api_key", value)}
            />
          )}
        </FormSection>
      </FormLayout>
    </>
  );
}

export function DatasourceEdit({ id }: { id: string }) {
  return (
    <WithResource<DatasourceAttributes> root="datasources" id={id} noun="data source" back="/admin/datasources">
      {(source, etag) => (
        <>
          <DatasourceForm source={source} etag={etag} key={source.id} />
          <DatasourceQuery id={source.id} />
        </>
      )}
    </WithResource>
  );
}
