"use client";

import { Button, Group, JsonInput, SegmentedControl, Skeleton } from "@mantine/core";
import { modals } from "@mantine/modals";
import type { RJSFSchema } from "@rjsf/utils";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import { useState } from "react";
import type { PluginAttributes } from "../../server/plugins/contract.ts";
import { ApiError, call, messageOf } from "../api/http.ts";
import { q } from "../api/query.ts";
import type { One, Resource } from "../api/types.ts";
import { parseObject } from "../plugins/json-object.ts";
import { CodeBlock } from "../ui/code.tsx";
import { Notice } from "../ui/notice.tsx";
import { toast } from "../ui/toast.tsx";
import { merged, overrideOf, pathsOf, withoutPath } from "./override.ts";
import classes from "./override-dialog.module.css";

type Config = Record<string, unknown>;
type Override = { config_override: Config | null };

const SchemaForm = dynamic(() => import("../plugins/schema-form.tsx").then((module) => module.SchemaForm), {
  ssr: false,
  loading: () => <Skeleton height={200} />,
});

/** A plugin's settings that hold for one LLM only, over its own. */
export function OverrideDialog({ llmId, plugin }: { llmId: string; plugin: Resource<PluginAttributes> }) {
  const key = q("llms", `/api/v1/llms/${llmId}/plugins/${plugin.id}/config`);
  const override = useQuery<One<Override>>({ ...key, staleTime: 0 });
  const schema = useQuery<One<{ schema: RJSFSchema | null }>>({
    ...q("plugins", `/api/v1/plugins/${plugin.id}/config-schema`),
    staleTime: 60_000,
  });
  if (override.isPending || schema.isPending) return <Skeleton height={240} />;
  if (override.error)
    return (
      <Notice tone="bad" title="The settings could not be read">
        {messageOf(override.error)}
      </Notice>
    );
  return (
    <Editor
      llmId={llmId}
      plugin={plugin}
      schema={schema.data?.data.attributes.schema ?? null}
      stored={override.data.data.attributes.config_override ?? {}}
    />
  );
}

const jsonOf = (value: Config): string => JSON.stringify(value, null, 2);

function Editor({
  llmId,
  plugin,
  schema,
  stored,
}: {
  llmId: string;
  plugin: Resource<PluginAttributes>;
  schema: RJSFSchema | null;
  stored: Config;
}) {
  const client = useQueryClient();
  const base = plugin.attributes.config ?? {};
  const hasForm = Object.keys(schema?.properties ?? {}).length > 0;
  const [mode, setMode] = useState<"form" | "json">(hasForm ? "form" : "json");
  const [override, setOverride] = useState<Config>(stored);
  // What the form shows: the settings that calls of this LLM get.
  const [values, setValues] = useState<Config>(() => merged(base, stored));
  const [text, setText] = useState(() => jsonOf(stored));
  const parsed = parseObject(text);
  const current = mode === "json" ? parsed.value : override;

  const put = (next: Config) => {
    setOverride(next);
    setValues(merged(base, next));
    setText(jsonOf(next));
  };
  const edited = (next: Config, byHand: boolean) => {
    setValues(next);
    if (!byHand) return;
    const over = overrideOf({ values: next, untouched: values, stored: override });
    setOverride(over);
    setText(jsonOf(over));
  };
  const save = useMutation({
    mutationFn: (config_override: Config) => call("PUT", `/api/v1/llms/${llmId}/plugins/${plugin.id}/config`, { config_override }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["llms"] });
      toast("Override saved");
      modals.closeAll();
    },
  });
  const issues = save.error instanceof ApiError ? save.error.issues : [];
  const pathOf = (field: string) => field.replace(/^config_override\.?/, "");
  const problems = Object.fromEntries(
    issues.filter(({ field }) => pathOf(field ?? "")).map(({ field, detail }) => [pathOf(field), detail]),
  );
  const general = issues
    .filter(({ field }) => mode === "json" || !pathOf(field ?? ""))
    .map(({ field, detail }) => (field ? `${field}: ${detail}` : detail));

  return (
    <div className={classes.editor}>
      {hasForm && (
        <SegmentedControl
          aria-label="Edit as"
          style={{ justifySelf: "start" }}
          value={mode}
          onChange={(next) => {
            if (next === "form" && parsed.value) put(parsed.value);
            setMode(next === "json" ? "json" : "form");
          }}
          data={[
            { value: "form", label: "Form", disabled: mode === "json" && !parsed.value },
            { value: "json", label: "JSON" },
          ]}
        />
      )}
      {mode === "form" && schema ? (
        <>
          <p className="quiet">
            The form shows the settings for calls of this LLM. What you change here overrides the plugin's settings; everything else follows
            them.
          </p>
          <Overridden override={override} schema={schema} onReset={(path) => put(withoutPath(override, path))} />
          <SchemaForm schema={schema} value={values} onChange={edited} problems={problems} />
        </>
      ) : (
        <>
          <JsonInput
            label="Override"
            description="A JSON object. Its values replace the plugin's settings for calls of this LLM."
            value={text}
            onChange={setText}
            autosize
            minRows={6}
            maxRows={16}
            error={parsed.problem ?? undefined}
            data-autofocus
            styles={{ input: { fontFamily: "var(--portico-mono)", fontSize: 13 } }}
          />
          {parsed.value && (
            <div>
              <h3 className={classes.heading}>Effective settings</h3>
              <CodeBlock what="merged settings" code={jsonOf(merged(base, parsed.value))} maxHeight={220} />
            </div>
          )}
        </>
      )}
      {save.error && (general.length > 0 || issues.length === 0) && (
        <Notice tone="bad" title="Nothing was saved">
          {general.length > 0 ? general.join(" ") : messageOf(save.error)}
        </Notice>
      )}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={() => modals.closeAll()}>
          Cancel
        </Button>
        <Button disabled={!current} loading={save.isPending} onClick={() => current && save.mutate(current)}>
          Save override
        </Button>
      </Group>
    </div>
  );
}

function Overridden({ override, schema, onReset }: { override: Config; schema: RJSFSchema; onReset: (path: string[]) => void }) {
  const paths = pathsOf(override);
  if (paths.length === 0) return <p className="quiet">Nothing is overridden.</p>;
  return (
    <div>
      <h3 className={classes.heading}>Overridden for this LLM</h3>
      <ul className={classes.overridden} aria-label="Overridden settings">
        {paths.map((path) => (
          <li key={path.join("/")}>
            <span>{labelOf(schema, path)}</span>
            <Button size="compact-xs" variant="subtle" onClick={() => onReset(path)} aria-label={`Reset ${labelOf(schema, path)}`}>
              Reset
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The titles of the schema that lead to a setting, or its names where it has none. */
function labelOf(schema: RJSFSchema, path: string[]): string {
  const labels: string[] = [];
  let at: RJSFSchema | undefined = schema;
  for (const name of path) {
    const next: unknown = at?.properties?.[name];
    at = typeof next === "object" && next !== null ? (next as RJSFSchema) : undefined;
    labels.push(at?.title ?? name);
  }
  return labels.join(" → ");
}
