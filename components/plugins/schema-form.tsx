"use client";

import type { IChangeEvent } from "@rjsf/core";
import { generateForm } from "@rjsf/mantine";
import type { RJSFSchema, UiSchema } from "@rjsf/utils";
import classes from "./schema-form.module.css";
import { validator } from "./validator.ts";

type Data = Record<string, unknown>;

const Form = generateForm<Data, RJSFSchema>();

const isSchema = (value: unknown): value is RJSFSchema => typeof value === "object" && value !== null && !Array.isArray(value);

// Secrets are typed blind, long texts get room; the rest follows the schema.
const uiOf = (schema: RJSFSchema): UiSchema<Data> => {
  const ui: UiSchema<Data> = { "ui:submitButtonOptions": { norender: true } };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (!isSchema(property)) continue;
    if (property.format === "password" || property.writeOnly) ui[name] = { "ui:widget": "password" };
    else if (property.type === "string" && (property.maxLength ?? 0) > 200) ui[name] = { "ui:widget": "textarea" };
  }
  return ui;
};

/** A form made from a plugin's JSON Schema. `problems` are the server's, by dotted path. */
export function SchemaForm({
  schema,
  value,
  onChange,
  problems = {},
}: {
  schema: RJSFSchema;
  value: Data;
  onChange: (value: Data) => void;
  problems?: Record<string, string>;
}) {
  // The page has its own heading; the schema's title would say it twice.
  const { title: _title, $schema: _dialect, ...shown } = schema;
  const extraErrors: Record<string, { __errors: string[] }> = {};
  for (const [path, detail] of Object.entries(problems)) extraErrors[path.split(".")[0] ?? path] = { __errors: [detail] };
  return (
    <div className={classes.form}>
      <Form
        tagName="div"
        schema={shown as RJSFSchema}
        uiSchema={uiOf(schema)}
        validator={validator}
        formData={value}
        onChange={(event: IChangeEvent<Data, RJSFSchema>) => onChange(event.formData ?? {})}
        liveValidate="onChange"
        showErrorList={false}
        extraErrors={extraErrors as never}
        idPrefix="settings"
      />
    </div>
  );
}
