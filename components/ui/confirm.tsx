"use client";

import { Button, Group, Skeleton } from "@mantine/core";
import { modals } from "@mantine/modals";
import { labelOfResource } from "@portico/protocol/kinds";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Dependents } from "../../server/http/contract.ts";
import { call, messageOf } from "../api/http.ts";
import { q, refresh } from "../api/query.ts";
import classes from "./confirm.module.css";
import { formatCount, plural } from "./format.ts";
import { Notice } from "./notice.tsx";
import { toast } from "./toast.tsx";

function DependentList({ root, id }: { root: string; id: string }) {
  const { data, isPending, error } = useQuery<Dependents>({
    ...q(root, `/api/v1/${root}/${encodeURIComponent(id)}/dependents`),
    staleTime: 0,
  });
  if (isPending) return <Skeleton height={72} radius="sm" />;
  if (error)
    return (
      <Notice tone="warn" title="Dependents could not be read">
        {messageOf(error)}
      </Notice>
    );
  const rows = data.data;
  const total = data.meta.total_count;
  if (rows.length === 0) return <p className="quiet">Nothing depends on it.</p>;
  return (
    <div>
      <p className={classes.lead}>
        {plural(total, "thing")} depend{total === 1 ? "s" : ""} on it:
      </p>
      <ul className={classes.list} tabIndex={rows.length > 6 ? 0 : undefined}>
        {rows.map((row) => (
          <li key={`${row.type}-${row.id}`}>
            <span className={classes.type}>{row.type === "plugin-data" ? "Data" : labelOfResource(row.type)}</span>
            <span className={classes.name}>{row.name}</span>
            <span className="quiet">{row.effect}</span>
          </li>
        ))}
      </ul>
      {total > rows.length && <p className="quiet">and {formatCount(total - rows.length)} more</p>}
    </div>
  );
}

function ConfirmBody({
  lead,
  dependentsOf,
  verb,
  run,
  onDone,
  modalId,
}: {
  lead: ReactNode;
  dependentsOf: { root: string; id: string } | undefined;
  verb: string;
  run: () => Promise<unknown>;
  onDone: () => void;
  modalId: () => string;
}) {
  const action = useMutation({
    mutationFn: run,
    onSuccess: () => {
      modals.close(modalId());
      onDone();
    },
  });
  return (
    <div className={classes.body}>
      <p>{lead}</p>
      {dependentsOf && <DependentList {...dependentsOf} />}
      {action.error && (
        <Notice tone="bad" title="The action failed">
          {messageOf(action.error)}
        </Notice>
      )}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" data-autofocus onClick={() => modals.close(modalId())}>
          Cancel
        </Button>
        <Button color="bad" loading={action.isPending} onClick={() => action.mutate()}>
          {verb}
        </Button>
      </Group>
    </div>
  );
}

/** Asks before something that cannot be undone; the dialog stays, with the reason, when it fails. */
export function confirmAction(options: {
  title: string;
  lead: ReactNode;
  verb: string;
  dependentsOf?: { root: string; id: string };
  run: () => Promise<unknown>;
  onDone?: () => void;
}): void {
  let id = "";
  id = modals.open({
    title: options.title,
    size: 520,
    closeButtonProps: { "aria-label": "Close" },
    children: (
      <ConfirmBody
        lead={options.lead}
        dependentsOf={options.dependentsOf}
        verb={options.verb}
        run={options.run}
        onDone={() => options.onDone?.()}
        modalId={() => id}
      />
    ),
  });
}

/** Deleting one thing: shows what depends on it, deletes, refreshes the lists. */
export function useDelete(root: string, noun: string) {
  const client = useQueryClient();
  return (id: string, name: string, onDone?: () => void) =>
    confirmAction({
      title: `Delete ${noun}`,
      lead: (
        <>
          <strong>{name}</strong> is deleted permanently.
        </>
      ),
      verb: `Delete ${noun}`,
      ...(root === "model-prices" ? {} : { dependentsOf: { root, id } }),
      run: () => call("DELETE", `/api/v1/${root}/${encodeURIComponent(id)}`),
      onDone: () => {
        toast(`${name} deleted`);
        onDone?.();
        void refresh(client, root, [encodeURIComponent(id)]);
      },
    });
}
