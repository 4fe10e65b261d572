"use client";

import { Button, Group, Textarea, TextInput } from "@mantine/core";
import { useRouter } from "next/navigation";
import type { SecretAttributes } from "../../server/secrets/contract.ts";
import type { Resource } from "../api/types.ts";
import { FormLayout, FormSection } from "../form/form-layout.tsx";
import { keptSecret, SecretField } from "../form/secret-field.tsx";
import { useEntityForm } from "../form/use-entity-form.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { Copy } from "../ui/code.tsx";
import { useDelete } from "../ui/confirm.tsx";
import { Notice } from "../ui/notice.tsx";
import { PageHeader } from "../ui/page.tsx";
import { toast } from "../ui/toast.tsx";
import { WithResource } from "../ui/with-resource.tsx";
import { SecretUses } from "./secret-uses.tsx";

type Values = { var_name: string; value: string; description: string };

const labels: Record<keyof Values, string> = { var_name: "Name", value: "Value", description: "Description" };

/** Creates a secret, or changes `secret`. */
export function SecretForm({ secret, etag }: { secret?: Resource<SecretAttributes>; etag?: string | undefined }) {
  const router = useRouter();
  const remove = useDelete("secrets", "secret");
  const stored = secret?.attributes;
  useCrumbs([{ label: stored?.var_name ?? "Create" }]);
  const entity = useEntityForm<Values, SecretAttributes>({
    root: "secrets",
    stored: secret && { resource: secret, etag },
    valuesOf: (attributes) => ({
      var_name: attributes?.var_name ?? "",
      value: attributes?.has_value ? keptSecret : "",
      description: attributes?.description ?? "",
    }),
    labels,
    attributesOf: ({ var_name, value, description }) => ({ var_name: var_name.trim(), value, description: description.trim() }),
    check: ({ var_name }) => (var_name.trim() === "" ? { var_name: "Enter a name." } : {}),
    onSaved: ({ data }) => {
      toast(`${data.attributes.var_name} ${secret ? "saved" : "created"}`);
      return `/admin/secrets/${data.id}`;
    },
  });
  const { form } = entity;
  const values = form.getValues();
  const isUsed = (stored?.use_count ?? 0) > 0;
  const reference = `$SECRET/${values.var_name.trim() || "NAME"}`;
  return (
    <>
      <PageHeader
        title={stored?.var_name ?? "Create secret"}
        actions={
          secret && (
            <Button variant="default" onClick={() => remove(secret.id, secret.attributes.var_name, () => router.push("/admin/secrets"))}>
              Delete secret
            </Button>
          )
        }
      />
      {stored && !stored.has_value && isUsed && (
        <Notice tone="warn" title="This secret has no value">
          What refers to it is not sent to gateways until you enter one.
        </Notice>
      )}
      <FormLayout entity={entity} submitLabel={secret ? "Save secret" : "Create secret"} cancelHref="/admin/secrets">
        <FormSection title="Secret" lead="The value is stored encrypted and never shown again.">
          <TextInput
            label={labels.var_name}
            description={
              isUsed
                ? "A secret that is used keeps its name: its references would point to nothing."
                : "Letters, digits, underscores, dots and hyphens."
            }
            placeholder="OPENAI_KEY"
            required
            readOnly={isUsed}
            spellCheck={false}
            autoFocus={!secret}
            {...form.getInputProps("var_name")}
          />
          <SecretField
            label={labels.value}
            {...(isUsed ? { description: "A new value is used within a second by everything that refers to this secret." } : {})}
            stored={stored?.has_value ?? false}
            clearable={false}
            path="value"
            value={values.value}
            error={typeof form.errors.value === "string" ? form.errors.value : undefined}
            onChange={(value) => form.setFieldValue("value", value)}
          />
          <Textarea label={labels.description} autosize minRows={2} {...form.getInputProps("description")} />
          <Group gap="xs">
            <span className="quiet">Refer to it in credential fields as</span>
            <code>{reference}</code>
            <Copy value={reference} what="reference" />
          </Group>
        </FormSection>
      </FormLayout>
    </>
  );
}

export function SecretEdit({ id }: { id: string }) {
  return (
    <WithResource<SecretAttributes> root="secrets" id={id} noun="secret" back="/admin/secrets">
      {(secret, etag) => (
        <>
          <SecretForm secret={secret} etag={etag} key={secret.id} />
          <SecretUses id={secret.id} />
        </>
      )}
    </WithResource>
  );
}
