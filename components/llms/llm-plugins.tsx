"use client";

import { ActionIcon, Button, Skeleton, Tooltip } from "@mantine/core";
import { modals } from "@mantine/modals";
import { IconArrowDown, IconArrowUp, IconGripVertical, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import { useRef, useState } from "react";
import type { LlmAttributes } from "../../server/llms/contract.ts";
import type { PluginAttributes } from "../../server/plugins/contract.ts";
import { call } from "../api/http.ts";
import { q } from "../api/query.ts";
import type { Resource } from "../api/types.ts";
import { HookList } from "../plugins/hooks.tsx";
import { PluginStateLabel } from "../plugins/plugin-state.tsx";
import { confirmAction } from "../ui/confirm.tsx";
import { Empty } from "../ui/empty.tsx";
import { Failure } from "../ui/notice.tsx";
import { Status } from "../ui/status.tsx";
import { toast, toastError } from "../ui/toast.tsx";
import { AttachPicker } from "./attach-picker.tsx";
import classes from "./llm-plugins.module.css";
import { OverrideDialog } from "./override-dialog.tsx";

type Row = Resource<PluginAttributes & { has_config_override?: boolean }>;
type Attached = { data: Row[] };

/** The plugins of an LLM, in the order in which calls pass them. Every change is saved at once. */
export function LlmPlugins({ llm }: { llm: Resource<LlmAttributes> }) {
  const client = useQueryClient();
  const key = q("llms", `/api/v1/llms/${llm.id}/plugins`);
  const attached = useQuery<Attached>(key);
  const [dragged, setDragged] = useState<string | null>(null);
  const [said, setSaid] = useState("");

  // Two quick changes: the second builds on the first, whatever the list looked like when it was last read.
  const unsaved = useRef<Row[]>(undefined);
  const save = useMutation({
    scope: { id: `plugins of LLM ${llm.id}` },
    mutationFn: (rows: Row[]) => call("PUT", `/api/v1/llms/${llm.id}/plugins`, { plugin_ids: rows.map((row) => Number(row.id)) }),
    onSuccess: async (_stored, rows) => {
      // An answer still on its way may be older than this.
      await client.cancelQueries({ queryKey: key.queryKey });
      client.setQueryData<Attached>(key.queryKey, { data: rows });
    },
    onError: (error) => toastError("The plugins of this LLM were not changed", error),
    onSettled: (_stored, _error, rows) => {
      if (unsaved.current !== rows) return;
      unsaved.current = undefined;
      void client.invalidateQueries({ queryKey: key.queryKey });
    },
  });
  const change = (changed: (rows: Row[]) => Row[]) => {
    const rows = changed(unsaved.current ?? client.getQueryData<Attached>(key.queryKey)?.data ?? []);
    unsaved.current = rows;
    save.mutate(rows);
  };

  const attach = useMutation({
    mutationFn: (pluginId: string) => call<{ data: Row }>("GET", `/api/v1/plugins/${pluginId}`),
    onSuccess: ({ data: plugin }) => change((now) => [...now.filter((row) => row.id !== plugin.id), plugin]),
    onError: (error) => toastError("The plugin was not attached", error),
  });

  if (attached.isPending) return <Skeleton height={144} radius="lg" />;
  if (attached.error) return <Failure what="The plugins of this LLM" error={attached.error} retry={() => void attached.refetch()} />;
  const rows = save.isPending ? save.variables : attached.data.data;

  const move = (id: string, to: number) => {
    const row = rows.find((each) => each.id === id);
    if (!row || to < 0 || to >= rows.length) return;
    setSaid(`${row.attributes.name} is now ${to + 1} of ${rows.length}`);
    change((now) => now.filter((each) => each.id !== id).toSpliced(to, 0, row));
  };

  const detach = (row: Row) =>
    confirmAction({
      title: "Detach plugin",
      lead: row.attributes.has_config_override
        ? `${row.attributes.name} no longer sees the calls of ${llm.attributes.name}, and its settings for this LLM are deleted.`
        : `${row.attributes.name} no longer sees the calls of ${llm.attributes.name}.`,
      verb: "Detach plugin",
      run: async () => change((now) => now.filter((each) => each.id !== row.id)),
      onDone: () => toast(`${row.attributes.name} detached`),
    });

  const override = (plugin: Resource<PluginAttributes>) =>
    modals.open({
      title: `Settings of ${plugin.attributes.name} for ${llm.attributes.name}`,
      size: 720,
      closeButtonProps: { "aria-label": "Close" },
      children: <OverrideDialog llmId={llm.id} plugin={plugin} />,
    });

  return (
    <>
      <div className={classes.add}>
        <AttachPicker attached={rows} onChoose={(id) => attach.mutate(id)} />
        <p className="quiet">Requests pass the plugins from first to last. Each may change the request, answer it or reject it.</p>
      </div>
      {rows.length === 0 ? (
        <div className="surface">
          <Empty title="No plugin attached">
            Attach one to check or change requests and responses. Install plugins under <Link href="/admin/plugins">Plugins</Link>.
          </Empty>
        </div>
      ) : (
        <ol className={classes.list} aria-label="Plugins in order">
          {rows.map((row, index) => (
            <li
              key={row.id}
              draggable
              data-dragged={dragged === row.id || undefined}
              onDragStart={(event) => {
                event.dataTransfer.effectAllowed = "move";
                setDragged(row.id);
              }}
              onDragEnd={() => setDragged(null)}
              onDragOver={(event) => event.preventDefault()}
              onDrop={(event) => {
                event.preventDefault();
                if (dragged) move(dragged, index);
                setDragged(null);
              }}
            >
              <IconGripVertical size={16} className={classes.grip} aria-hidden />
              <span className="num quiet">{index + 1}</span>
              <div className={classes.words}>
                <Link href={`/admin/plugins/${row.id}`}>{row.attributes.name}</Link>
                <HookList hooks={row.attributes.hook_types ?? []} />
                {row.attributes.has_config_override && <Status tone="info">Settings overridden</Status>}
              </div>
              <PluginStateLabel plugin={row.attributes} />
              <span className={classes.tools}>
                <Button size="xs" variant="default" onClick={() => override(row)}>
                  {row.attributes.has_config_override ? "Edit override" : "Override settings"}
                </Button>
                <Tooltip label="Earlier">
                  <ActionIcon
                    aria-label={`Move ${row.attributes.name} earlier`}
                    disabled={index === 0}
                    onClick={() => move(row.id, index - 1)}
                  >
                    <IconArrowUp size={16} />
                  </ActionIcon>
                </Tooltip>
                <Tooltip label="Later">
                  <ActionIcon
                    aria-label={`Move ${row.attributes.name} later`}
                    disabled={index === rows.length - 1}
                    onClick={() => move(row.id, index + 1)}
                  >
                    <IconArrowDown size={16} />
                  </ActionIcon>
                </Tooltip>
                <Tooltip label="Detach">
                  <ActionIcon aria-label={`Detach ${row.attributes.name}`} onClick={() => detach(row)}>
                    <IconTrash size={16} />
                  </ActionIcon>
                </Tooltip>
              </span>
            </li>
          ))}
        </ol>
      )}
      <span className="visually-hidden" aria-live="polite">
        {said}
      </span>
    </>
  );
}
