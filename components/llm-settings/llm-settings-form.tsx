"use client";

import { Button, NumberInput, TagsInput, Textarea, TextInput } from "@mantine/core";
import { useRouter } from "next/navigation";
import type { LlmSettingsAttributes } from "../../server/llm-settings/contract.ts";
import type { Resource } from "../api/types.ts";
import { FormLayout, FormSection } from "../form/form-layout.tsx";
import { useEntityForm } from "../form/use-entity-form.ts";
import { numberOf } from "../form/values.ts";
import { useCrumbs } from "../shell/crumbs.tsx";
import { useDelete } from "../ui/confirm.tsx";
import { PageHeader } from "../ui/page.tsx";
import { toast } from "../ui/toast.tsx";
import { WithResource } from "../ui/with-resource.tsx";

const numbers = ["max_tokens", "max_length", "min_length", "temperature", "top_p", "top_k", "repetition_penalty", "seed"] as const;
type NumberField = (typeof numbers)[number];
type Values = Record<NumberField, number | string> & { model_name: string; stop_words: string[]; system_prompt: string };

const labels: Record<keyof Values, string> = {
  model_name: "Model",
  max_tokens: "Max tokens",
  max_length: "Context length",
  min_length: "Min length",
  temperature: "Temperature",
  top_p: "Top p",
  top_k: "Top k",
  repetition_penalty: "Repetition penalty",
  seed: "Seed",
  stop_words: "Stop words",
  system_prompt: "System prompt",
};

const descriptions: Record<NumberField, string> = {
  max_tokens: "Most tokens of an answer.",
  max_length: "Most tokens of prompt and answer together.",
  min_length: "Fewest tokens of an answer, where the model supports it.",
  temperature: "From 0 to 2; higher varies answers more.",
  top_p: "From 0 to 1: only the most probable tokens up to this sum.",
  top_k: "Only so many of the most probable tokens.",
  repetition_penalty: "Above 1 discourages repetition.",
  seed: "Makes answers repeatable, where the model supports it.",
};

const fractions: readonly NumberField[] = ["temperature", "top_p", "repetition_penalty"];

/** Creates LLM settings, or changes `settings`. */
export function LlmSettingsForm({ settings, etag }: { settings?: Resource<LlmSettingsAttributes>; etag?: string | undefined }) {
  const router = useRouter();
  const remove = useDelete("llm-settings", "LLM settings");
  const stored = settings?.attributes;
  useCrumbs([{ label: stored?.model_name ?? "Create" }]);
  const entity = useEntityForm<Values, LlmSettingsAttributes>({
    root: "llm-settings",
    stored: settings && { resource: settings, etag },
    valuesOf: (attributes) => ({
      model_name: attributes?.model_name ?? "",
      stop_words: attributes?.stop_words ?? [],
      system_prompt: attributes?.system_prompt ?? "",
      ...(Object.fromEntries(numbers.map((name) => [name, attributes?.[name] || ""])) as Record<NumberField, number | string>),
    }),
    labels,
    attributesOf: (values) => ({
      model_name: values.model_name.trim(),
      stop_words: values.stop_words,
      system_prompt: values.system_prompt,
      ...Object.fromEntries(numbers.map((name) => [name, numberOf(values[name]) ?? 0])),
    }),
    check: ({ model_name }) => (model_name.trim() === "" ? { model_name: "Enter the model's name as its vendor writes it." } : {}),
    onSaved: ({ data }) => {
      toast(`Settings of ${data.attributes.model_name} ${settings ? "saved" : "created"}`);
      return "/admin/llm-settings";
    },
  });
  const { form } = entity;
  return (
    <>
      <PageHeader
        title={stored?.model_name ?? "Create LLM settings"}
        actions={
          settings && (
            <Button
              variant="default"
              onClick={() => remove(settings.id, settings.attributes.model_name, () => router.push("/admin/llm-settings"))}
            >
              Delete LLM settings
            </Button>
          )
        }
      />
      <FormLayout entity={entity} submitLabel={settings ? "Save LLM settings" : "Create LLM settings"} cancelHref="/admin/llm-settings">
        <FormSection title="Model" lead="A model may have several settings; chats choose one.">
          <TextInput
            label={labels.model_name}
            placeholder="gpt-4o-mini"
            required
            autoFocus={!settings}
            {...form.getInputProps("model_name")}
          />
          <Textarea
            label={labels.system_prompt}
            description="Sent before the conversation."
            autosize
            minRows={3}
            maxRows={16}
            {...form.getInputProps("system_prompt")}
          />
        </FormSection>
        <FormSection title="Parameters" lead="What is empty is not sent: the model's own default applies.">
          {numbers.map((name) => (
            <NumberInput
              key={name}
              label={labels[name]}
              description={descriptions[name]}
              min={0}
              decimalScale={fractions.includes(name) ? 4 : 0}
              step={fractions.includes(name) ? 0.1 : 1}
              {...form.getInputProps(name)}
            />
          ))}
          <TagsInput
            label={labels.stop_words}
            description="Texts that end an answer. Press Enter after each."
            {...form.getInputProps("stop_words")}
          />
        </FormSection>
      </FormLayout>
    </>
  );
}

export function LlmSettingsEdit({ id }: { id: string }) {
  return (
    <WithResource<LlmSettingsAttributes> root="llm-settings" id={id} noun="LLM settings" back="/admin/llm-settings">
      {(settings, etag) => <LlmSettingsForm settings={settings} etag={etag} key={settings.id} />}
    </WithResource>
  );
}
