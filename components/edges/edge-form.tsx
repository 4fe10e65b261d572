"use client";

import { TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import type { EdgeWithToken } from "../../server/edges/contract.ts";
import { rememberSecret } from "../api/new-secret.ts";
import { FormLayout, FormSection } from "../form/form-layout.tsx";
import { useEntityForm } from "../form/use-entity-form.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { PageHeader } from "../ui/page.tsx";
import { toast } from "../ui/toast.tsx";

type Values = { edge_id: string; namespace: string };

const labels: Record<keyof Values, string> = { edge_id: "Id", namespace: "Namespace" };

/** Announces an edge; its page then shows the token, once. */
export function EdgeForm() {
  const client = useQueryClient();
  useCrumbs([{ label: "Create" }]);
  const entity = useEntityForm<Values, EdgeWithToken["attributes"]>({
    root: "edges",
    valuesOf: () => ({ edge_id: "", namespace: "" }),
    labels,
    attributesOf: (values) => ({ edge_id: values.edge_id.trim(), namespace: values.namespace.trim() }),
    check: (values) => (values.edge_id.trim() === "" ? { edge_id: "Enter an id. The gateway identifies itself by it." } : {}),
    onSaved: ({ data }) => {
      const id = data.attributes.edge_id;
      toast(`${id} created`, "Copy its token now: it is shown only this once.");
      rememberSecret(client, "edges", id, data.attributes.token);
      return `/admin/edges/${encodeURIComponent(id)}`;
    },
  });
  const { form } = entity;
  return (
    <>
      <PageHeader title="Create edge" />
      <FormLayout entity={entity} submitLabel="Create edge" cancelHref="/admin/edges">
        <FormSection
          title="The edge"
          lead="A gateway on any machine that reaches this studio. The id and the namespace cannot be changed later."
        >
          <TextInput
            label="Id"
            description="2 to 64 letters, digits, - _ and dots."
            placeholder="berlin-1"
            required
            autoFocus
            {...form.getInputProps("edge_id")}
          />
          <TextInput
            label="Namespace"
            description="The edge gets what is in this namespace and what is global. Leave empty for default, the global one."
            placeholder="default"
            {...form.getInputProps("namespace")}
          />
        </FormSection>
      </FormLayout>
    </>
  );
}
