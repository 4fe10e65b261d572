"use client";

import { Button, Menu, Switch } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { ScheduleView } from "../../server/schedules/contract.ts";
import { call } from "../api/http.ts";
import { every, q, refresh } from "../api/query.ts";
import type { Resource } from "../api/types.ts";
import type { Column } from "../table/column.ts";
import { confirmAction } from "../ui/confirm.tsx";
import { Failure } from "../ui/notice.tsx";
import { Section } from "../ui/page.tsx";
import { PlainTable } from "../ui/plain-table.tsx";
import { Ago } from "../ui/time.tsx";
import { toast, toastError } from "../ui/toast.tsx";
import { ScheduleDialog } from "./schedule-dialog.tsx";
import { RunStatus, ScheduleRuns } from "./schedule-runs.tsx";

type Row = Resource<ScheduleView>;

const sources = { manifest: "manifest", plugin: "the plugin", admin: "an administrator" };

/** The tasks that a plugin runs at set times, and the runs of the one that is chosen. */
export function Schedules({ pluginId }: { pluginId: string }) {
  const client = useQueryClient();
  const path = `/api/v1/plugins/${pluginId}/schedules`;
  const list = useQuery<{ schedules: ScheduleView[] }>({ ...q("plugins", path), refetchInterval: every(5_000) });
  const [editing, setEditing] = useState<ScheduleView | "new" | null>(null);
  const [shown, setShown] = useState<number | null>(null);
  const changed = () => void refresh(client, "plugins");
  const run = useMutation({
    mutationFn: ({ id }: ScheduleView) => call<{ message: string }>("POST", `${path}/${id}/run`),
    onSuccess: ({ message }, { id }) => {
      toast(message);
      setShown(id);
    },
    onSettled: changed,
    onError: (error, { name }) => toastError(`${name} did not run`, error),
  });
  const toggle = useMutation({
    mutationFn: ({ id, enabled }: ScheduleView) => call("PUT", `${path}/${id}`, { enabled: !enabled }),
    onSettled: changed,
    onError: (error, { name }) => toastError(`${name} stays as it is`, error),
  });
  const remove = ({ id, name }: ScheduleView) =>
    confirmAction({
      title: "Delete schedule",
      lead: `${name} no longer runs, and the history of its runs is deleted.`,
      verb: "Delete schedule",
      run: () => call("DELETE", `${path}/${id}`),
      onDone: () => {
        toast(`${name} deleted`);
        changed();
      },
    });

  if (list.error) return <Failure what="Its schedules" error={list.error} retry={() => void list.refetch()} />;
  const schedules = list.data?.schedules ?? [];
  const chosen = schedules.find(({ id }) => id === shown);

  const columns: Column<ScheduleView>[] = [
    {
      id: "name",
      header: "Schedule",
      value: ({ attributes }) => attributes.name,
      cell: ({ attributes }) => (
        <div>
          {attributes.name}
          <div className="quiet">
            <code>{attributes.schedule_id}</code> from {sources[attributes.source]}
          </div>
        </div>
      ),
    },
    {
      id: "when",
      header: "When",
      value: ({ attributes }) => attributes.cron_expr,
      cell: ({ attributes }) => (
        <div>
          <code>{attributes.cron_expr}</code>
          <div className="quiet">{attributes.timezone}</div>
        </div>
      ),
    },
    {
      id: "next",
      header: "Next run",
      rank: 2,
      value: ({ attributes }) => attributes.next_run ?? null,
      cell: ({ attributes }) => <Ago at={attributes.next_run} />,
    },
    {
      id: "last",
      header: "Last run",
      value: ({ attributes }) => attributes.last_run ?? null,
      cell: ({ attributes }) => (
        <div>
          <Ago at={attributes.last_run} />
          {attributes.last_status && (
            <div>
              <RunStatus status={attributes.last_status} />
            </div>
          )}
        </div>
      ),
    },
    {
      id: "enabled",
      header: "Enabled",
      value: ({ attributes }) => attributes.enabled,
      cell: ({ attributes }) => (
        <Switch
          aria-label={`${attributes.name} is enabled`}
          checked={attributes.enabled}
          disabled={toggle.isPending && toggle.variables.id === attributes.id}
          onChange={() => toggle.mutate(attributes)}
        />
      ),
    },
    {
      id: "actions",
      header: "Actions",
      align: "right",
      value: () => null,
      cell: ({ attributes }) => (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button size="compact-sm" variant="default" aria-label={`Actions for ${attributes.name}`}>
              <IconDots size={15} aria-hidden />
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => run.mutate(attributes)}>Run now</Menu.Item>
            <Menu.Item onClick={() => setShown(attributes.id)}>Show runs</Menu.Item>
            <Menu.Item onClick={() => setEditing(attributes)}>Edit</Menu.Item>
            {attributes.source !== "manifest" && (
              <Menu.Item data-danger onClick={() => remove(attributes)}>
                Delete schedule
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      ),
    },
  ];

  return (
    <>
      <Section
        title="Schedules"
        lead="Tasks that the plugin runs in Studio at set times, on one replica at a time."
        actions={
          <Button variant="default" onClick={() => setEditing("new")}>
            Create schedule
          </Button>
        }
      >
        <PlainTable
          label="Schedules"
          columns={columns}
          rows={schedules.map((schedule): Row => ({ type: "plugin-schedules", id: String(schedule.id), attributes: schedule }))}
          loading={list.isPending}
          nothing="It has no schedules. Plugins declare them in their manifest or create them; you can create one too."
        />
      </Section>
      {chosen && <ScheduleRuns key={chosen.id} path={`${path}/${chosen.id}`} name={chosen.name} onClose={() => setShown(null)} />}
      {editing && (
        <ScheduleDialog
          path={path}
          schedule={editing === "new" ? undefined : editing}
          onClose={() => setEditing(null)}
          onSaved={() => {
            setEditing(null);
            changed();
          }}
        />
      )}
    </>
  );
}
