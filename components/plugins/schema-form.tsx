"use client";

import "@mantine/core/styles/Alert.layer.css";
import "@mantine/core/styles/ColorSwatch.layer.css";
import "@mantine/core/styles/ColorPicker.layer.css";
import "@mantine/core/styles/ColorInput.layer.css";
import "@mantine/core/styles/Container.layer.css";
import "@mantine/core/styles/Fieldset.layer.css";
import "@mantine/core/styles/Grid.layer.css";
import "@mantine/core/styles/List.layer.css";
import "@mantine/core/styles/Radio.layer.css";
import "@mantine/core/styles/SimpleGrid.layer.css";
import "@mantine/core/styles/Slider.layer.css";
import "@mantine/core/styles/Stack.layer.css";
import "@mantine/core/styles/Title.layer.css";
import type { IChangeEvent } from "@rjsf/core";
import { generateForm } from "@rjsf/mantine";
import type { RJSFSchema, UiSchema } from "@rjsf/utils";
import { useMemo } from "react";
import { boundedSchema } from "./bounded-schema.ts";
import classes from "./schema-form.module.css";
import { GroupTitle, LongTextWidget, SwitchWidget, TextListWidget } from "./schema-widgets.tsx";
import { validator } from "./validator.ts";

type Data = Record<string, unknown>;

const Form = generateForm<Data, RJSFSchema>();

const isSchema = (value: unknown): value is RJSFSchema => typeof value === "object" && value !== null && !Array.isArray(value);

// Secrets are typed blind, long texts get room, lists of texts are one field; the rest follows the schema.
const uiOf = (schema: RJSFSchema): UiSchema<Data> => {
  const ui: UiSchema<Data> = { "ui:submitButtonOptions": { norender: true } };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (!isSchema(property)) continue;
    const { items } = property;
    if (property.format === "password" || property.writeOnly) ui[name] = { "ui:widget": "password" };
    else if (property.type === "string" && (property.maxLength ?? 0) > 200) ui[name] = { "ui:widget": LongTextWidget };
    else if (property.type === "boolean") ui[name] = { "ui:widget": SwitchWidget };
    else if (property.type === "array" && isSchema(items) && items.type === "string" && !items.enum)
      ui[name] = { "ui:widget": TextListWidget };
    else if (property.type === "object") ui[name] = uiOf(property);
  }
  return ui;
};

type Problems = { __errors?: string[]; [name: string]: Problems | string[] | undefined };

// The server's faults, by dotted path, as the nested tree that the form library shows beside its fields.
const treeOf = (problems: Record<string, string>): Problems => {
  const tree: Problems = {};
  for (const [path, detail] of Object.entries(problems)) {
    let node = tree;
    for (const part of path.split(".")) {
      const next = node[part];
      const inner: Problems = Array.isArray(next) || next === undefined ? {} : next;
      node[part] = inner;
      node = inner;
    }
    node.__errors = [...(node.__errors ?? []), detail];
  }
  return tree;
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
  /** `byHand` is false for the defaults that the form fills in by itself. */
  onChange: (value: Data, byHand: boolean) => void;
  problems?: Record<string, string>;
}) {
  // The page has its own heading; the schema's title would say it twice.
  const shown = useMemo(() => {
    const { title: _title, $schema: _dialect, ...rest } = schema;
    return boundedSchema(rest as RJSFSchema);
  }, [schema]);
  return (
    <div className={classes.form}>
      <Form
        tagName="div"
        schema={shown}
        uiSchema={uiOf(shown)}
        templates={{ TitleFieldTemplate: GroupTitle }}
        validator={validator}
        formData={value}
        onChange={(event: IChangeEvent<Data, RJSFSchema>, id?: string) => onChange(event.formData ?? {}, id !== undefined)}
        liveValidate="onChange"
        showErrorList={false}
        extraErrors={treeOf(problems) as never}
        idPrefix="settings"
      />
    </div>
  );
}
