"use client";

import { Select, TagsInput, Textarea, TextInput } from "@mantine/core";
import type { ToolOperationShape } from "../../server/tools/contract/definition.ts";
import { typeOf } from "./schema-sample.ts";

type Parameter = ToolOperationShape["parameters"][number];

const textOf = (value: unknown): string => (value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value));

/** What an entered value is sent as; undefined sends nothing. */
export function sentValue({ schema }: Parameter, entered: string | string[] | undefined): unknown {
  if (entered === undefined || entered.length === 0) return undefined;
  if (Array.isArray(entered) || typeOf(schema) !== "object") return entered;
  try {
    return JSON.parse(entered) as unknown;
  } catch {
    return entered;
  }
}

/** One parameter of an operation, as its schema suggests. */
export function ParameterField({
  parameter,
  value,
  onChange,
  error,
}: {
  parameter: Parameter;
  value: string | string[] | undefined;
  onChange: (value: string | string[]) => void;
  error: string | undefined;
}) {
  const { name, required, description, schema, example } = parameter;
  const type = typeOf(schema);
  const common = {
    label: name,
    description: [description, `${type} in ${parameter.in}`.trim()].filter((part) => part !== "").join(" · "),
    required,
    error,
    placeholder: textOf(example ?? schema.default),
  };
  const text = typeof value === "string" ? value : "";
  const words = Array.isArray(schema.enum) ? schema.enum.map(textOf) : type === "boolean" ? ["true", "false"] : undefined;
  if (type === "array") return <TagsInput {...common} value={Array.isArray(value) ? value : []} onChange={onChange} acceptValueOnBlur />;
  if (words)
    return (
      <Select {...common} data={[...new Set(words)]} value={text || null} clearable={!required} onChange={(one) => onChange(one ?? "")} />
    );
  if (type === "object")
    return (
      <Textarea
        {...common}
        autosize
        minRows={2}
        spellCheck={false}
        value={text}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  return <TextInput {...common} value={text} onChange={(event) => onChange(event.currentTarget.value)} />;
}
