"use client";

import { Button, NumberInput, Select } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { HookAttributes, HookFailureAttributes, HookPatch } from "../../server/plugins/contract/hooks.ts";
import { call } from "../api/http.ts";
import { every, q, refresh } from "../api/query.ts";
import type { Resource } from "../api/types.ts";
import type { Column } from "../table/column.ts";
import { Failure } from "../ui/notice.tsx";
import { Section } from "../ui/page.tsx";
import { PlainTable } from "../ui/plain-table.tsx";
import { Status } from "../ui/status.tsx";
import { Ago } from "../ui/time.tsx";
import { toastError } from "../ui/toast.tsx";

type Hook = Resource<HookAttributes>;
type Failed = Resource<HookFailureAttributes>;

const policies = [
  { value: "fail_closed", label: "Reject the change" },
  { value: "fail_open", label: "Allow the change" },
];

/** The object hooks of a plugin: whether each runs, what happens when it fails, and after-hooks that failed. */
export function ObjectHooks({ pluginId }: { pluginId: string }) {
  const path = `/api/v1/plugins/${pluginId}`;
  const hooks = useQuery<{ data: Hook[] }>(q("plugins", `${path}/hooks`));
  if (hooks.error) return <Failure what="Its object hooks" error={hooks.error} retry={() => void hooks.refetch()} />;
  if (hooks.data?.data.length === 0) return null;
  return (
    <>
      <Section title="Object hooks" lead="A hook fails when the plugin does not answer in time, or its answer is not valid.">
        <PlainTable
          label="Object hooks"
          columns={columnsOf(path)}
          rows={hooks.data?.data ?? []}
          loading={hooks.isPending}
          nothing="It declares no object hooks."
        />
      </Section>
      <FailedHooks path={path} />
    </>
  );
}

const columnsOf = (path: string): Column<HookAttributes>[] => [
  { id: "hook", header: "Hook", mono: true, value: ({ id }) => id },
  { id: "state", header: "State", value: ({ attributes }) => attributes.approved, cell: ({ attributes }) => <HookState {...attributes} /> },
  { id: "priority", header: "Priority", align: "right", rank: 2, value: ({ attributes }) => attributes.priority },
  {
    id: "policy",
    header: "When it fails",
    value: ({ attributes }) => attributes.failure_policy,
    cell: (hook) => <Policy path={path} hook={hook} />,
  },
  {
    id: "timeout",
    header: "Timeout",
    align: "right",
    rank: 2,
    value: ({ attributes }) => attributes.timeout_ms,
    cell: (hook) => <Timeout path={path} hook={hook} />,
  },
];

function HookState({ approved, registered }: HookAttributes) {
  if (!approved) return <Status tone="warn">Not approved</Status>;
  if (registered === false) return <Status tone="idle">Not registered</Status>;
  return <Status tone="good">{registered ? "Registered" : "Approved"}</Status>;
}

function useChange(path: string, { id }: Hook) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (patch: HookPatch) => call("PATCH", `${path}/hooks/${id}`, patch),
    // Pending until the list is read again: the next change is compared with what this one stored.
    onSettled: () => refresh(client, "plugins"),
    onError: (error) => toastError(`${id} was not changed`, error),
  });
}

function Policy({ path, hook }: { path: string; hook: Hook }) {
  const change = useChange(path, hook);
  const { failure_policy, is_default_policy } = hook.attributes;
  if (failure_policy === null) return <span className="quiet">Retry</span>;
  const effective = policies.find(({ value }) => value === failure_policy)?.label.toLowerCase() ?? "";
  return (
    <Select
      aria-label={`When ${hook.id} fails`}
      size="xs"
      w={220}
      allowDeselect={false}
      disabled={change.isPending}
      data={[{ value: "default", label: is_default_policy ? `Default: ${effective}` : "Default" }, ...policies]}
      value={is_default_policy ? "default" : failure_policy}
      onChange={(value) => change.mutate({ failure_policy: value === "fail_open" || value === "fail_closed" ? value : null })}
    />
  );
}

function Timeout({ path, hook }: { path: string; hook: Hook }) {
  const change = useChange(path, hook);
  const { timeout_ms, is_default_timeout } = hook.attributes;
  const [typed, setTyped] = useState<number | string>();
  const save = () => {
    if (typed === undefined) return;
    setTyped(undefined);
    const value = typed === "" ? null : Number(typed);
    if (value !== (is_default_timeout ? null : timeout_ms)) change.mutate({ timeout_ms: value });
  };
  return (
    <NumberInput
      aria-label={`Timeout of ${hook.id} in milliseconds`}
      size="xs"
      w={110}
      suffix=" ms"
      hideControls
      allowDecimal={false}
      disabled={change.isPending}
      placeholder={`${timeout_ms} ms`}
      value={typed ?? (is_default_timeout ? "" : timeout_ms)}
      onChange={setTyped}
      onBlur={save}
      onKeyDown={(event) => event.key === "Enter" && save()}
    />
  );
}

function FailedHooks({ path }: { path: string }) {
  const client = useQueryClient();
  const failures = useQuery<{ data: Failed[] }>({ ...q("plugins", `${path}/hook-failures`), refetchInterval: every(5_000) });
  const retry = useMutation({
    mutationFn: (id: string) => call("POST", `${path}/hook-failures/${id}/retry`),
    onSettled: () => void refresh(client, "plugins"),
    onError: (error) => toastError("The hook was not retried", error),
  });
  if (failures.error) return <Failure what="Failed after-hooks" error={failures.error} retry={() => void failures.refetch()} />;
  if (!failures.data?.data.length) return null;
  return (
    <Section title="Failed after-hooks" lead="Changes that were not delivered to the plugin.">
      <PlainTable
        label="Failed after-hooks"
        nothing="None has failed."
        rows={failures.data.data}
        columns={[
          { id: "hook", header: "Hook", mono: true, value: ({ attributes }) => attributes.hook },
          { id: "object", header: "Object", align: "right", value: ({ attributes }) => attributes.object_id },
          { id: "reason", header: "Reason", value: ({ attributes }) => attributes.reason },
          { id: "attempts", header: "Attempts", align: "right", rank: 2, value: ({ attributes }) => attributes.attempts },
          {
            id: "at",
            header: "Last attempt",
            rank: 2,
            value: ({ attributes }) => attributes.last_attempt_at,
            cell: ({ attributes }) => <Ago at={attributes.last_attempt_at} />,
          },
          {
            id: "state",
            header: "State",
            value: ({ attributes }) => attributes.state,
            cell: ({ id, attributes }) =>
              attributes.state === "retrying" ? (
                <Status tone="warn">Retrying</Status>
              ) : (
                <Button size="compact-xs" variant="default" loading={retry.isPending} onClick={() => retry.mutate(id)}>
                  Retry
                </Button>
              ),
          },
        ]}
      />
    </Section>
  );
}
