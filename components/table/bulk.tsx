"use client";

import { Button } from "@mantine/core";
import { modals } from "@mantine/modals";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { messageOf } from "../api/http.ts";
import type { Resource } from "../api/types.ts";
import { formatCount, plural } from "../ui/format.ts";
import { Status } from "../ui/status.tsx";
import type { BulkAction } from "./column.ts";
import classes from "./data-table.module.css";

type Outcome = { id: string; name: string; problem: string | null };

const nameOf = (row: Resource<unknown>): string => {
  const { name, model_name, edge_id } = row.attributes as Record<string, unknown>;
  const found = [name, model_name, edge_id].find((each) => typeof each === "string");
  return typeof found === "string" ? found : `#${row.id}`;
};

/** What can be done with the chosen rows; each is done on its own, and the result told for each. */
export function BulkBar<A>({
  root,
  rows,
  actions,
  clear,
}: {
  root: string;
  rows: Resource<A>[];
  actions: BulkAction<A>[];
  clear: () => void;
}) {
  const client = useQueryClient();
  const [done, setDone] = useState<{ of: number; at: number } | null>(null);

  const run = async (action: BulkAction<A>) => {
    const outcomes: Outcome[] = [];
    for (const row of rows) {
      setDone({ of: rows.length, at: outcomes.length });
      try {
        await action.run(row);
        outcomes.push({ id: row.id, name: nameOf(row), problem: null });
      } catch (error) {
        outcomes.push({ id: row.id, name: nameOf(row), problem: messageOf(error) });
      }
    }
    setDone(null);
    clear();
    void client.invalidateQueries({ queryKey: [root] });
    const failed = outcomes.filter((outcome) => outcome.problem !== null).length;
    modals.open({
      title: failed === 0 ? `${formatCount(outcomes.length)} ${action.done}` : `${outcomes.length - failed} ${action.done}, ${failed} not`,
      size: 560,
      closeButtonProps: { "aria-label": "Close" },
      children: (
        <ul className={classes.outcomes}>
          {outcomes.map((outcome) => (
            <li key={outcome.id}>
              <Status tone={outcome.problem ? "bad" : "good"}>{outcome.name}</Status>
              {outcome.problem && <p>{outcome.problem}</p>}
            </li>
          ))}
        </ul>
      ),
    });
  };

  const start = (action: BulkAction<A>) => {
    if (!action.confirm) return void run(action);
    modals.openConfirmModal({
      title: action.confirm.verb,
      children: `${action.confirm.lead} (${rows.slice(0, 5).map(nameOf).join(", ")}${rows.length > 5 ? ` and ${rows.length - 5} more` : ""})`,
      labels: { confirm: `${action.confirm.verb} (${rows.length})`, cancel: "Cancel" },
      confirmProps: { color: "bad" },
      onConfirm: () => void run(action),
    });
  };

  return (
    <section className={classes.bulk} aria-label="Chosen rows">
      <strong aria-live="polite">{done ? `${done.at} of ${done.of} done…` : `${plural(rows.length, "row")} chosen`}</strong>
      {actions.map((action) => (
        <Button key={action.label} size="xs" variant="default" disabled={done !== null} onClick={() => start(action)}>
          {action.label}
        </Button>
      ))}
      <Button size="xs" variant="subtle" disabled={done !== null} onClick={clear}>
        Choose none
      </Button>
    </section>
  );
}
