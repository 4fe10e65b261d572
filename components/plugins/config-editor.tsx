"use client";

import { Button, Group, JsonInput, SegmentedControl, Skeleton } from "@mantine/core";
import type { RJSFSchema } from "@rjsf/utils";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import { useState } from "react";
import type { PluginAttributes } from "../../server/plugins/contract.ts";
import { ApiError, call, messageOf } from "../api/http.ts";
import { q } from "../api/query.ts";
import type { One, Resource } from "../api/types.ts";
import { useDirtyGuard } from "../form/dirty-guard.ts";
import { Failure, Notice } from "../ui/notice.tsx";
import { toast } from "../ui/toast.tsx";
import { parseObject } from "./json-object.ts";

const SchemaForm = dynamic(() => import("./schema-form.tsx").then((module) => module.SchemaForm), {
  ssr: false,
  loading: () => <Skeleton height={200} />,
});

/** A plugin's settings: a form made from its schema, or the JSON behind it. Checked here and again by the server. */
export function ConfigEditor({
  plugin,
  submitLabel = "Save settings",
  onSaved,
}: {
  plugin: Resource<PluginAttributes>;
  submitLabel?: string;
  onSaved?: () => void;
}) {
  const key = q("plugins", `/api/v1/plugins/${plugin.id}/config-schema`);
  const schema = useQuery<One<{ schema: RJSFSchema | null }>>({ ...key, staleTime: 60_000 });
  if (schema.isPending) return <Skeleton height={200} />;
  const found = schema.data?.data.attributes.schema ?? null;
  return (
    <>
      {schema.error && <Failure what="The plugin's schema" error={schema.error} retry={() => void schema.refetch()} />}
      <Editor plugin={plugin} schema={found} submitLabel={submitLabel} onSaved={onSaved} />
    </>
  );
}

function Editor({
  plugin,
  schema,
  submitLabel,
  onSaved,
}: {
  plugin: Resource<PluginAttributes>;
  schema: RJSFSchema | null;
  submitLabel: string;
  onSaved: (() => void) | undefined;
}) {
  const client = useQueryClient();
  const stored = plugin.attributes.config ?? {};
  const [value, setValue] = useState<Record<string, unknown>>(stored);
  // What the form makes of the stored settings before anybody touches it: the schema's defaults added.
  const [untouched, setUntouched] = useState<Record<string, unknown>>(stored);
  const [text, setText] = useState(() => JSON.stringify(stored, null, 2));
  const [mode, setMode] = useState<"form" | "json">("form");
  const hasForm = Object.keys(schema?.properties ?? {}).length > 0;
  const json = mode === "json" || (!hasForm && schema === null);
  const parsed = parseObject(text);
  const current = json ? parsed.value : value;
  const dirty = current !== null && JSON.stringify(current) !== JSON.stringify(json ? stored : untouched);
  const guard = useDirtyGuard(dirty);

  const save = useMutation({
    mutationFn: (config: Record<string, unknown>) => call<One<PluginAttributes>>("PATCH", `/api/v1/plugins/${plugin.id}`, { config }),
    onSuccess: (saved) => {
      guard.pass();
      client.setQueryData(["plugins", `/api/v1/plugins/${plugin.id}`], saved);
      void client.invalidateQueries({ queryKey: ["plugins"] });
      toast("Settings saved", "The plugin starts again with them.");
      onSaved?.();
    },
  });
  const issues = save.error instanceof ApiError ? save.error.issues : [];
  const problems = Object.fromEntries(
    issues.filter((issue) => issue.field).map((issue) => [issue.field.replace(/^config\.?/, ""), issue.detail]),
  );
  const general = save.error
    ? issues.filter((issue) => !issue.field || json).map((issue) => (issue.field ? `${issue.field}: ${issue.detail}` : issue.detail))
    : [];

  if (schema !== null && !hasForm && Object.keys(stored).length === 0) {
    return (
      <>
        <p className="quiet">This plugin has no settings.</p>
        {onSaved && (
          <Button mt="md" onClick={onSaved}>
            Continue
          </Button>
        )}
      </>
    );
  }

  const toJson = () => {
    setText(JSON.stringify(value, null, 2));
    setMode("json");
  };
  const toForm = () => {
    if (parsed.value) setValue(parsed.value);
    setMode("form");
  };

  return (
    <div style={{ display: "grid", gap: 16, maxWidth: 640 }}>
      {hasForm && (
        <SegmentedControl
          aria-label="Edit as"
          style={{ justifySelf: "start" }}
          value={mode}
          onChange={(next) => (next === "json" ? toJson() : toForm())}
          data={[
            { value: "form", label: "Form" },
            { value: "json", label: "JSON" },
          ]}
        />
      )}
      {json ? (
        <JsonInput
          label="Settings as JSON"
          value={text}
          onChange={setText}
          autosize
          minRows={8}
          maxRows={24}
          error={parsed.problem ?? undefined}
          styles={{ input: { fontFamily: "var(--portico-mono)", fontSize: 13 } }}
        />
      ) : (
        schema && (
          <SchemaForm
            schema={schema}
            value={value}
            onChange={(next, byHand) => {
              setValue(next);
              if (!byHand) setUntouched(next);
            }}
            problems={problems}
          />
        )
      )}
      {save.error && (general.length > 0 || issues.length === 0) && (
        <Notice tone="bad" title="Nothing was saved">
          {general.length > 0 ? general.join(" ") : messageOf(save.error)}
        </Notice>
      )}
      <Group gap="xs">
        <Button
          loading={save.isPending}
          disabled={current === null || (!dirty && !onSaved)}
          onClick={() => current && save.mutate(current)}
        >
          {submitLabel}
        </Button>
        {dirty && (
          <Button
            variant="default"
            onClick={() => {
              setValue(stored);
              setText(JSON.stringify(stored, null, 2));
            }}
          >
            Undo changes
          </Button>
        )}
      </Group>
    </div>
  );
}
