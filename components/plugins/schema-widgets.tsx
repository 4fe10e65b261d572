"use client";

import { Switch, TagsInput, Textarea } from "@mantine/core";
import type { RJSFSchema, TitleFieldProps, WidgetProps } from "@rjsf/utils";

type Data = Record<string, unknown>;

/** A yes-or-no setting with its explanation below it. */
export function SwitchWidget({
  id,
  label,
  value,
  disabled,
  readonly,
  onChange,
  rawErrors,
  schema,
  options,
}: WidgetProps<Data, RJSFSchema>) {
  const description = options.description ?? schema.description;
  return (
    <Switch
      id={id}
      label={label}
      description={typeof description === "string" ? description : undefined}
      checked={value === true}
      disabled={disabled || readonly}
      error={rawErrors?.join(" ")}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}

/** A long text with its explanation above it, as high as what is in it. */
export function LongTextWidget({
  id,
  label,
  value,
  required,
  disabled,
  readonly,
  onChange,
  rawErrors,
  schema,
  options,
}: WidgetProps<Data, RJSFSchema>) {
  return (
    <Textarea
      id={id}
      label={label}
      description={schema.description}
      required={required ?? false}
      autosize
      minRows={3}
      maxRows={20}
      value={typeof value === "string" ? value : ""}
      disabled={disabled || readonly || false}
      // The form's own check and the server's say the same in other words.
      error={rawErrors?.[0]}
      onChange={(event) => onChange(event.currentTarget.value === "" ? options.emptyValue : event.currentTarget.value)}
    />
  );
}

/** A list of texts, Enter after each. */
export function TextListWidget({
  id,
  label,
  value,
  required,
  disabled,
  readonly,
  onChange,
  rawErrors,
  schema,
}: WidgetProps<Data, RJSFSchema>) {
  return (
    <TagsInput
      id={id}
      label={label}
      description={[schema.description, "Enter after each."].filter(Boolean).join(" ")}
      required={required ?? false}
      value={Array.isArray(value) ? value.map(String) : []}
      disabled={disabled || readonly || false}
      error={rawErrors?.join(" ")}
      acceptValueOnBlur
      onChange={onChange}
    />
  );
}

/** A group's heading, in the page's own order of headings. */
export const GroupTitle = ({ id, title }: TitleFieldProps<Data, RJSFSchema>) => <h2 id={id}>{title}</h2>;
