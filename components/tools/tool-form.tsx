"use client";

import { NumberInput, Select, Switch, Textarea, TextInput } from "@mantine/core";
import dynamic from "next/dynamic";
import { useEffect, useRef } from "react";
import { documentText } from "../../server/tools/contract/document-text.ts";
import type { ToolAttributes } from "../../server/tools/contract.ts";
import type { Resource } from "../api/types.ts";
import { FormLayout, FormSection } from "../form/form-layout.tsx";
import { keptSecret, SecretField } from "../form/secret-field.tsx";
import { useEntityForm } from "../form/use-entity-form.ts";
import { numberOf } from "../form/values.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { Notice } from "../ui/notice.tsx";
import { PageHeader } from "../ui/page.tsx";
import { toast } from "../ui/toast.tsx";
import { useDocumentCheck } from "./use-document-check.ts";

const DocumentField = dynamic(() => import("./document-field.tsx").then((module) => module.DocumentField), { ssr: false });
const OperationPicker = dynamic(() => import("./operation-picker.tsx").then((module) => module.OperationPicker), { ssr: false });

type Values = {
  name: string;
  description: string;
  oas_spec: string;
  operations: string[];
  base_url: string;
  auth_schema_name: string;
  auth_key: string;
  privacy_score: number | string;
  active: boolean;
};

const blank: Values = {
  name: "",
  description: "",
  oas_spec: "",
  operations: [],
  base_url: "",
  auth_schema_name: "",
  auth_key: "",
  privacy_score: 0,
  active: true,
};

const valuesOf = (tool: ToolAttributes): Values => ({
  name: tool.name,
  description: tool.description,
  oas_spec: documentText(tool.oas_spec),
  operations: tool.operations,
  base_url: tool.base_url,
  auth_schema_name: tool.auth_schema_name,
  auth_key: tool.has_auth_key ? keptSecret : "",
  privacy_score: tool.privacy_score,
  active: tool.active,
});

const labels: Record<keyof Values, string> = {
  name: "Name",
  description: "Description",
  oas_spec: "OpenAPI document",
  operations: "Operations",
  base_url: "Base URL",
  auth_schema_name: "Security scheme",
  auth_key: "Key",
  privacy_score: "Privacy score",
  active: "Active",
};

const check = (values: Values) => ({
  ...(values.name.trim() === "" ? { name: "Enter a name." } : {}),
  ...(values.oas_spec.trim() === "" ? { oas_spec: "Paste an OpenAPI document, upload a file or fetch it from a URL." } : {}),
});

/** Creates a tool, or changes `tool`. */
export function ToolForm({ tool, etag }: { tool?: Resource<ToolAttributes>; etag?: string | undefined }) {
  useCrumbs(tool ? [{ label: tool.attributes.name, href: `/admin/tools/${tool.id}` }, { label: "Edit" }] : [{ label: "Create" }]);
  const entity = useEntityForm<Values, ToolAttributes>({
    root: "tools",
    stored: tool && { resource: tool, etag },
    valuesOf: (attributes) => (attributes ? valuesOf(attributes) : blank),
    labels,
    attributesOf: (values) => ({ ...values, privacy_score: numberOf(values.privacy_score) ?? 0 }),
    check,
    onSaved: ({ data }) => {
      toast(`${data.attributes.name} ${tool ? "saved" : "created"}`);
      return `/admin/tools/${data.id}`;
    },
  });
  const { form } = entity;
  const values = form.getValues();
  const { checked, checking, error: checkError } = useDocumentCheck(values.oas_spec);
  const definition = checked?.definition;

  // A new tool starts with what its document says; what somebody has entered stays.
  const filled = useRef<unknown>(null);
  useEffect(() => {
    if (tool || !definition || filled.current === definition) return;
    const first = filled.current === null;
    filled.current = definition;
    form.setFieldValue(
      "operations",
      definition.operations.map(({ operation_id }) => operation_id),
    );
    if (!first) return;
    if (form.getValues().name === "") form.setFieldValue("name", definition.title.slice(0, 120));
    if (form.getValues().description === "") form.setFieldValue("description", definition.description.slice(0, 2000));
    const schemes = definition.security_schemes.filter(({ type }) => type !== "unsupported");
    if (form.getValues().auth_schema_name === "" && schemes.length === 1) form.setFieldValue("auth_schema_name", schemes[0]?.name ?? "");
  }, [definition, tool, form]);

  const schemes = definition?.security_schemes ?? [];
  const scheme = schemes.find(({ name }) => name === values.auth_schema_name);
  const schemeNames = [...new Set([...schemes.map(({ name }) => name), ...(values.auth_schema_name ? [values.auth_schema_name] : [])])];

  return (
    <>
      <PageHeader title={tool ? `Edit ${tool.attributes.name}` : "Create tool"} />
      <FormLayout
        entity={entity}
        submitLabel={tool ? "Save tool" : "Create tool"}
        cancelHref={tool ? `/admin/tools/${tool.id}` : "/admin/tools"}
      >
        <FormSection title="Document" lead="The API in its own words. What can be called, and how, comes from here.">
          <DocumentField
            value={values.oas_spec}
            onChange={(text, base) => {
              form.setFieldValue("oas_spec", text);
              if (base) form.setFieldValue("base_url", base);
            }}
            checked={checked}
            checking={checking}
            checkError={checkError}
            error={form.errors.oas_spec}
          />
        </FormSection>
        <FormSection title="Tool" lead="What people and models read before they use it.">
          <TextInput
            label={labels.name}
            description="Its path at the gateway is made from this name."
            required
            {...form.getInputProps("name")}
          />
          <Textarea
            label={labels.description}
            description="Models decide by this text whether to call the tool. Say what it is for and when to use it."
            autosize
            minRows={3}
            maxRows={12}
            {...form.getInputProps("description")}
          />
        </FormSection>
        <FormSection title="Operations" lead="Only these may be called, by anybody.">
          {definition ? (
            <OperationPicker
              operations={definition.operations}
              value={values.operations}
              onChange={(ids) => form.setFieldValue("operations", ids)}
              error={Object.entries(form.errors).find(([name]) => name.startsWith("operations"))?.[1]}
            />
          ) : (
            <p className="quiet">Enter a valid document to choose its operations.</p>
          )}
        </FormSection>
        <FormSection title="Connection" lead="Where calls go and with which key. The key is stored encrypted and never shown again.">
          <TextInput
            label={labels.base_url}
            description="Empty follows the document. Enter it for another environment, or for an API in your own network: a document alone leads to no private address."
            placeholder={definition?.servers[0] ?? "https://api.example.com"}
            {...form.getInputProps("base_url")}
          />
          <Select
            label={labels.auth_schema_name}
            description={scheme ? scheme.use : "Which of the document's security schemes the key is for."}
            placeholder={schemeNames.length === 0 ? "The document has none" : "None"}
            data={schemeNames}
            clearable
            {...form.getInputProps("auth_schema_name")}
            value={values.auth_schema_name || null}
            onChange={(name) => form.setFieldValue("auth_schema_name", name ?? "")}
          />
          <SecretField
            label={labels.auth_key}
            stored={tool?.attributes.has_auth_key ?? false}
            path="auth_key"
            value={values.auth_key}
            error={typeof form.errors.auth_key === "string" ? form.errors.auth_key : undefined}
            onChange={(value) => form.setFieldValue("auth_key", value)}
          />
          {values.auth_key !== "" && values.auth_schema_name === "" && (
            <Notice tone="warn" title="The key is not sent">
              Choose the security scheme that it is for.
            </Notice>
          )}
        </FormSection>
        <FormSection title="Access" lead="How sensitive its data is, and whether it can be called at all.">
          <NumberInput
            label={labels.privacy_score}
            description="0 to 100: how sensitive the data is that it returns."
            min={0}
            max={100}
            allowDecimal={false}
            {...form.getInputProps("privacy_score")}
          />
          <Switch
            label={labels.active}
            description="Plugins can call it only while it is active. You can try its operations either way."
            {...form.getInputProps("active", { type: "checkbox" })}
          />
        </FormSection>
      </FormLayout>
    </>
  );
}
