"use client";

import type { UseFormReturnType } from "@mantine/form";
import type { GroupAttributes } from "../../server/groups/contract.ts";
import type { Resource } from "../api/types.ts";
import { FormSection } from "../form/form-layout.tsx";
import { ManyPicker } from "../form/picker.tsx";

export type GroupCatalogueValues = { catalogues: string[]; tool_catalogues: string[] };

export const catalogueLabels: Record<keyof GroupCatalogueValues, string> = {
  catalogues: "LLM catalogues",
  tool_catalogues: "Tool catalogues",
};

const roots = { catalogues: "catalogues", tool_catalogues: "tool-catalogues" } as const;
const fields = Object.keys(roots) as (keyof GroupCatalogueValues)[];

const idsIn = (found: { id: string }[] = []): string[] => found.map(({ id }) => id);

export const catalogueValuesOf = (attributes: GroupAttributes | undefined): GroupCatalogueValues => ({
  catalogues: idsIn(attributes?.catalogues),
  tool_catalogues: idsIn(attributes?.tool_catalogues),
});

export const catalogueIdsOf = ({ catalogues, tool_catalogues }: GroupCatalogueValues) => ({
  catalogues: catalogues.map(Number),
  tool_catalogues: tool_catalogues.map(Number),
});

/** What members may use in the portal. */
export function GroupCatalogues<Values extends GroupCatalogueValues>({
  group,
  form,
}: {
  group: Resource<GroupAttributes> | undefined;
  form: UseFormReturnType<Values>;
}) {
  return (
    <FormSection title="Catalogues" lead="Members can add what is in these catalogues to their own apps.">
      {fields.map((field) => (
        <ManyPicker
          key={field}
          root={roots[field]}
          label={catalogueLabels[field]}
          placeholder="Select by name"
          selected={(group?.attributes[field] ?? []).map(({ id, attributes }) => ({ value: id, label: attributes.name }))}
          {...form.getInputProps(field)}
        />
      ))}
    </FormSection>
  );
}
