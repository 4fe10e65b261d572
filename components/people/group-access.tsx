"use client";

import { Switch } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import type { GroupAttributes } from "../../server/groups/contract.ts";
import type { Resource } from "../api/types.ts";
import { FormSection } from "../form/form-layout.tsx";
import { ManyPicker } from "../form/picker.tsx";

export type GroupAccessValues = { catalogues: string[]; tool_catalogues: string[]; self_service: boolean };

export const accessLabels: Record<keyof GroupAccessValues, string> = {
  catalogues: "LLM catalogues",
  tool_catalogues: "Tool catalogues",
  self_service: "Self-service",
};

const roots = { catalogues: "catalogues", tool_catalogues: "tool-catalogues" } as const;
const fields = Object.keys(roots) as (keyof typeof roots)[];

const idsIn = (found: { id: string }[] = []): string[] => found.map(({ id }) => id);

export const accessValuesOf = (attributes: GroupAttributes | undefined): GroupAccessValues => ({
  catalogues: idsIn(attributes?.catalogues),
  tool_catalogues: idsIn(attributes?.tool_catalogues),
  self_service: attributes?.self_service ?? false,
});

export const accessAttributesOf = ({ catalogues, tool_catalogues, self_service }: GroupAccessValues) => ({
  self_service,
  catalogues: catalogues.map(Number),
  tool_catalogues: tool_catalogues.map(Number),
});

/** What members may use in the portal. */
export function GroupAccess<Values extends GroupAccessValues>({
  group,
  form,
}: {
  group: Resource<GroupAttributes> | undefined;
  form: UseFormReturnType<Values>;
}) {
  return (
    <FormSection title="Access" lead="Members can add what is in these catalogues to their own apps.">
      {fields.map((field) => (
        <ManyPicker
          key={field}
          root={roots[field]}
          label={accessLabels[field]}
          placeholder="Select by name"
          selected={(group?.attributes[field] ?? []).map(({ id, attributes }) => ({ value: id, label: attributes.name }))}
          {...form.getInputProps(field)}
        />
      ))}
      <Switch
        label={accessLabels.self_service}
        description="Keys of apps that members create in the portal work at once. Otherwise an administrator approves each app."
        {...form.getInputProps("self_service", { type: "checkbox" })}
      />
    </FormSection>
  );
}
