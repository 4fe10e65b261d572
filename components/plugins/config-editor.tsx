"use client";

import { Button, Group, JsonInput, SegmentedControl, Skeleton } from "@mantine/core";
import type { RJSFSchema } from "@rjsf/utils";
import { hashKey, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import { useEffect, useState } from "react";
import type { PluginAttributes } from "../../server/plugins/contract.ts";
import { ApiError, call, messageOf } from "../api/http.ts";
import { q } from "../api/query.ts";
import type { One, Resource } from "../api/types.ts";
import { useDirtyGuard } from "../form/dirty-guard.ts";
import { isSame, mergeChanges, type RemoteChange } from "../form/merge.ts";
import { RemoteChanges } from "../form/remote-changes.tsx";
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
  etag,
  submitLabel = "Save settings",
  onSaved,
}: {
  plugin: Resource<PluginAttributes>;
  etag?: string | undefined;
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
      <Editor plugin={plugin} etag={etag} schema={found} submitLabel={submitLabel} onSaved={onSaved} />
    </>
  );
}

type Config = Record<string, unknown>;

const jsonOf = (value: Config): string => JSON.stringify(value, null, 2);

function Editor({
  plugin,
  etag,
  schema,
  submitLabel,
  onSaved,
}: {
  plugin: Resource<PluginAttributes>;
  etag: string | undefined;
  schema: RJSFSchema | null;
  submitLabel: string;
  onSaved: (() => void) | undefined;
}) {
  const client = useQueryClient();
  const stored = plugin.attributes.config ?? {};
  const [base, setBase] = useState<Config>(stored);
  const [value, setValue] = useState<Config>(stored);
  // What the form makes of the stored settings before anybody touches it: the schema's defaults added.
  const [untouched, setUntouched] = useState<Config>(stored);
  const [text, setText] = useState(() => jsonOf(stored));
  const [mode, setMode] = useState<"form" | "json">("form");
  const [changes, setChanges] = useState<RemoteChange[]>([]);
  const hasForm = Object.keys(schema?.properties ?? {}).length > 0;
  const json = mode === "json" || (!hasForm && schema === null);
  const parsed = parseObject(text);
  const current = json ? parsed.value : value;
  const dirty = current === null ? text !== jsonOf(base) : !isSame(current, base) && !isSame(current, untouched);
  const guard = useDirtyGuard(dirty);

  const put = (next: Config) => {
    setValue(next);
    setText(jsonOf(next));
  };

  // The version that is shown; plugins are read again every few seconds, mostly unchanged.
  const storedKey = hashKey([stored]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other settings stored are the trigger.
  useEffect(() => {
    if (isSame(base, stored)) return;
    setBase(stored);
    if (!dirty) {
      setUntouched(stored);
      put(stored);
      return;
    }
    // Text that is not JSON cannot be merged: it stays, and there is one choice to make about the whole.
    const merged = current && mergeChanges({ base, mine: current, theirs: stored });
    if (!merged) return setChanges([{ field: "", mine: "what you are typing", theirs: stored, choice: null }]);
    if (!isSame(merged.values, current)) put(merged.values);
    setChanges(merged.changes);
  }, [storedKey]);

  const choose = (field: string, choice: "mine" | "theirs") => {
    const change = changes.find((each) => each.field === field);
    if (!change) return;
    if (field === "") {
      if (choice === "theirs") put(stored);
    } else if (current) put({ ...current, [field]: change[choice] });
    setChanges(changes.map((each) => (each === change ? { ...each, choice } : each)));
  };
  const labelOf = (field: string): string => {
    const property = schema?.properties?.[field];
    return field === "" ? "Settings" : ((typeof property === "object" ? property.title : undefined) ?? field);
  };

  const save = useMutation({
    mutationFn: (config: Config) =>
      call<One<PluginAttributes>>(
        "PATCH",
        `/api/v1/plugins/${plugin.id}`,
        { config },
        { ifMatch: isSame(base, stored) ? etag : undefined },
      ),
    onSuccess: (saved, config) => {
      guard.pass();
      setBase(saved.data.attributes.config ?? config);
      setChanges([]);
      client.setQueryData(["plugins", `/api/v1/plugins/${plugin.id}`], saved);
      void client.invalidateQueries({ queryKey: ["plugins"] });
      toast("Settings saved", "The plugin restarts with them.");
      onSaved?.();
    },
    // The newer version is read and merged; what differs is then on the page.
    onError: (error) => {
      if (error instanceof ApiError && error.status === 412) void client.invalidateQueries({ queryKey: ["plugins"] });
    },
  });
  const isStale = save.error instanceof ApiError && save.error.status === 412;
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
    setText(jsonOf(value));
    setMode("json");
  };
  const toForm = () => {
    // A form cannot show what is not JSON yet, and leaving the text would lose it.
    if (!parsed.value) return document.querySelector<HTMLElement>("[data-settings-json]")?.focus();
    setValue(parsed.value);
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
            { value: "form", label: "Form", disabled: json && !parsed.value },
            { value: "json", label: "JSON" },
          ]}
        />
      )}
      <RemoteChanges changes={changes} labelOf={labelOf} onChoose={choose} />
      {json ? (
        <JsonInput
          label="Settings as JSON"
          value={text}
          onChange={setText}
          autosize
          minRows={8}
          maxRows={24}
          error={parsed.problem ? `${parsed.problem} Correct it to save or to go back to the form.` : undefined}
          data-settings-json
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
      {save.error && !isStale && (general.length > 0 || issues.length === 0) && (
        <Notice tone="bad" title="Nothing was saved">
          {general.length > 0 ? general.join(" ") : messageOf(save.error)}
        </Notice>
      )}
      <Group gap="xs">
        <Button
          loading={save.isPending}
          disabled={current === null || (!dirty && !onSaved) || changes.some((change) => change.choice === null)}
          onClick={() => current && save.mutate(current)}
        >
          {submitLabel}
        </Button>
        {dirty && (
          <Button
            variant="default"
            onClick={() => {
              put(stored);
              setChanges([]);
            }}
          >
            Undo changes
          </Button>
        )}
      </Group>
    </div>
  );
}
