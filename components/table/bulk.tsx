"use client";

import { ActionIcon, Button, Group, Menu, Portal } from "@mantine/core";
import { modals } from "@mantine/modals";
import { IconDots } from "@tabler/icons-react";
import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Dependent } from "../../server/http/contract.ts";
import { messageOf } from "../api/http.ts";
import { q } from "../api/query.ts";
import type { Resource } from "../api/types.ts";
import { formatCount, plural } from "../ui/format.ts";
import { Status } from "../ui/status.tsx";
import { toast } from "../ui/toast.tsx";
import { type BulkAction, nameOfRow } from "./column.ts";
import classes from "./data-table.module.css";

type Outcome = { id: string; name: string; problem: string | null; skipped: string | null };

const namedInDialog = 10;

/** "3 LLMs", "1 LLM". */
const counted = (count: number, label: string): string => `${formatCount(count)} ${count === 1 ? label.replace(/s$/, "") : label}`;

const DoneButton = () => (
  <Group justify="flex-end" mt="md">
    <Button data-autofocus onClick={() => modals.closeAll()}>
      Close
    </Button>
  </Group>
);

/** Runs actions over rows, confirms first where they say so, and shows the result for each row. */
export function useRowActions<A>(root: string, label: string, onDone: () => void) {
  const client = useQueryClient();
  const [progress, setProgress] = useState<{ of: number; at: number } | null>(null);

  const run = async (action: BulkAction<A>, rows: Resource<A>[]) => {
    const outcomes: Outcome[] = [];
    for (const row of rows) {
      const outcome: Outcome = { id: row.id, name: nameOfRow(row), problem: null, skipped: action.skip?.(row) ?? null };
      if (outcome.skipped === null) {
        setProgress({ of: rows.length, at: outcomes.length });
        try {
          await action.run(row);
        } catch (error) {
          outcome.problem = messageOf(error);
        }
      }
      outcomes.push(outcome);
    }
    setProgress(null);
    onDone();
    void client.invalidateQueries({ queryKey: [root] });
    const done = outcomes.filter(({ problem, skipped }) => problem === null && skipped === null).length;
    const [only] = outcomes;
    if (outcomes.length === 1 && only && only.problem === null) {
      toast(`${only.name} ${only.skipped ?? action.done}`);
      return;
    }
    modals.open({
      title:
        done === outcomes.length
          ? `${counted(done, label)} ${action.done}`
          : `${formatCount(done)} of ${counted(outcomes.length, label)} ${action.done}`,
      size: 560,
      closeButtonProps: { "aria-label": "Close" },
      children: (
        <>
          <ul className={classes.outcomes}>
            {outcomes.map((outcome) => (
              <li key={outcome.id}>
                <Status tone={outcome.problem ? "bad" : outcome.skipped ? "idle" : "good"}>{outcome.name}</Status>
                {(outcome.problem ?? outcome.skipped) && <p>{outcome.problem ?? outcome.skipped}</p>}
              </li>
            ))}
          </ul>
          <DoneButton />
        </>
      ),
    });
  };

  const start = (action: BulkAction<A>, rows: Resource<A>[]) => {
    if (!action.confirm) return void run(action, rows);
    const what = `${action.confirm.verb} ${counted(rows.length, label)}`;
    modals.openConfirmModal({
      title: what,
      size: 560,
      closeButtonProps: { "aria-label": "Close" },
      children: (
        <>
          <p>{action.confirm.lead}</p>
          <AffectedRows root={root} rows={rows} withDependents={action.confirm.dependents ?? false} />
        </>
      ),
      labels: { confirm: what, cancel: "Cancel" },
      confirmProps: { color: "bad" },
      onConfirm: () => void run(action, rows),
    });
  };

  return { progress, start };
}

function AffectedRows<A>({ root, rows, withDependents }: { root: string; rows: Resource<A>[]; withDependents: boolean }) {
  const shown = rows.slice(0, namedInDialog);
  const queries = useQueries({
    queries: shown.map((row) => ({
      ...q(root, `/api/v1/${root}/${encodeURIComponent(row.id)}/dependents`),
      enabled: withDependents,
      staleTime: 0,
    })),
  });
  return (
    <ul className={classes.affected}>
      {shown.map((row, index) => {
        const dependents = (queries[index]?.data as { data: Dependent[] } | undefined)?.data;
        return (
          <li key={row.id}>
            <strong>{nameOfRow(row)}</strong>
            {withDependents && <span className="quiet">{textOf(dependents, queries[index]?.isError ?? false)}</span>}
          </li>
        );
      })}
      {rows.length > shown.length && <li className="quiet">and {formatCount(rows.length - shown.length)} more</li>}
    </ul>
  );
}

function textOf(dependents: Dependent[] | undefined, isError: boolean): string {
  if (isError) return "Dependents could not be read.";
  if (!dependents) return "Checking what depends on it…";
  if (dependents.length === 0) return "Nothing depends on it.";
  const names = dependents.slice(0, 3).map((dependent) => dependent.name);
  const rest = dependents.length - names.length;
  return `${plural(dependents.length, "thing")} depend on it: ${names.join(", ")}${rest > 0 ? ` and ${formatCount(rest)} more` : ""}.`;
}

/** What can be done with the selected rows, floating above the list so that no row moves when it comes. */
export function BulkBar<A>({
  rows,
  actions,
  progress,
  start,
  clear,
}: {
  rows: Resource<A>[];
  actions: BulkAction<A>[];
  progress: { of: number; at: number } | null;
  start: (action: BulkAction<A>, rows: Resource<A>[]) => void;
  clear: () => void;
}) {
  return (
    // Outside the list, whose container would hold what is fixed to the window.
    <Portal className={classes.dock}>
      <section className={classes.bulk} aria-label="Selected rows">
        <strong aria-live="polite">{progress ? `${progress.at} of ${progress.of} done…` : `${formatCount(rows.length)} selected`}</strong>
        {actions.map((action) => (
          <Button key={action.label} size="xs" variant="default" disabled={progress !== null} onClick={() => start(action, rows)}>
            {action.label}
          </Button>
        ))}
        <Button size="xs" variant="subtle" disabled={progress !== null} onClick={clear}>
          Clear
        </Button>
      </section>
    </Portal>
  );
}

/** The same for one row, which need not be opened or selected. */
export function RowMenu<A>({
  row,
  actions,
  start,
}: {
  row: Resource<A>;
  actions: BulkAction<A>[];
  start: (action: BulkAction<A>, rows: Resource<A>[]) => void;
}) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon size="md" aria-label={`Actions for ${nameOfRow(row)}`}>
          <IconDots size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {actions
          .filter((action) => action.skip?.(row) === undefined)
          .map((action) => (
            <Menu.Item key={action.label} data-danger={action.confirm ? true : undefined} onClick={() => start(action, [row])}>
              {action.label}
            </Menu.Item>
          ))}
      </Menu.Dropdown>
    </Menu>
  );
}
