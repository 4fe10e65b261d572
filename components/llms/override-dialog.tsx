"use client";

import { Button, Group, JsonInput, Skeleton } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { PluginAttributes } from "../../server/plugins/contract.ts";
import { ApiError, call, messageOf } from "../api/http.ts";
import { q } from "../api/query.ts";
import type { One, Resource } from "../api/types.ts";
import { parseObject } from "../plugins/json-object.ts";
import { CodeBlock } from "../ui/code.tsx";
import { Notice } from "../ui/notice.tsx";
import { toast } from "../ui/toast.tsx";

type Override = { config_override: Record<string, unknown> | null };

const isPlain = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

// The gateway merges in the same way: objects deeply, anything else replaced.
const merged = (base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    [...new Set([...Object.keys(base), ...Object.keys(over)])].map((key) => {
      const below = base[key];
      const above = over[key];
      return [key, !(key in over) ? below : isPlain(below) && isPlain(above) ? merged(below, above) : above];
    }),
  );

/** A plugin's settings that hold for one LLM only, over its own. */
export function OverrideDialog({ llmId, plugin }: { llmId: string; plugin: Resource<PluginAttributes> }) {
  const key = q("llms", `/api/v1/llms/${llmId}/plugins/${plugin.id}/config`);
  const { data, isPending, error } = useQuery<One<Override>>({ ...key, staleTime: 0 });
  if (isPending) return <Skeleton height={240} />;
  if (error)
    return (
      <Notice tone="bad" title="The settings could not be read">
        {messageOf(error)}
      </Notice>
    );
  return <Editor llmId={llmId} plugin={plugin} stored={data.data.attributes.config_override ?? {}} />;
}

function Editor({ llmId, plugin, stored }: { llmId: string; plugin: Resource<PluginAttributes>; stored: Record<string, unknown> }) {
  const client = useQueryClient();
  const [text, setText] = useState(JSON.stringify(stored, null, 2));
  const parsed = parseObject(text);
  const save = useMutation({
    mutationFn: (config_override: Record<string, unknown>) =>
      call("PUT", `/api/v1/llms/${llmId}/plugins/${plugin.id}/config`, { config_override }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["llms"] });
      toast("Override saved");
      modals.closeAll();
    },
  });
  const faults =
    save.error instanceof ApiError
      ? save.error.issues.map((issue) => (issue.field ? `${issue.field}: ${issue.detail}` : issue.detail))
      : [];
  return (
    <div style={{ display: "grid", gap: 16 }}>
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
          <h3 style={{ marginBottom: 4 }}>Effective settings</h3>
          <CodeBlock
            what="merged settings"
            code={JSON.stringify(merged(plugin.attributes.config ?? {}, parsed.value), null, 2)}
            maxHeight={220}
          />
        </div>
      )}
      {save.error && (
        <Notice tone="bad" title="Nothing was saved">
          {faults.length > 0 ? faults.join(" ") : messageOf(save.error)}
        </Notice>
      )}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={() => modals.closeAll()}>
          Cancel
        </Button>
        <Button disabled={!parsed.value} loading={save.isPending} onClick={() => parsed.value && save.mutate(parsed.value)}>
          Save override
        </Button>
      </Group>
    </div>
  );
}
