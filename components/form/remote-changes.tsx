"use client";

import { SegmentedControl } from "@mantine/core";
import { Notice } from "../ui/notice.tsx";
import type { RemoteChange } from "./merge.ts";
import classes from "./remote-changes.module.css";
import { keptSecret } from "./secret-field.tsx";

function textOf(value: unknown): string {
  if (value === keptSecret) return "a stored secret";
  if (value === null || value === undefined || value === "") return "empty";
  if (typeof value === "boolean") return value ? "on" : "off";
  if (Array.isArray(value)) return value.length === 0 ? "empty" : value.map(textOf).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What was changed elsewhere while this form was open: both versions of each field, and the choice between them. */
export function RemoteChanges({
  changes,
  by,
  labelOf,
  onChoose,
}: {
  changes: RemoteChange[];
  by?: string | undefined;
  labelOf: (field: string) => string;
  onChoose: (field: string, choice: "mine" | "theirs") => void;
}) {
  if (changes.length === 0) return null;
  const open = changes.filter((change) => change.choice === null).length;
  return (
    <section className={classes.changes} aria-label="Conflicting changes" data-remote-changes tabIndex={-1}>
      <Notice tone="warn" title={by ? `${by} saved changes while you were editing` : "This was changed while you were editing"}>
        {open > 0
          ? "Choose which value to keep where you both changed a field, then save."
          : "The form has the new values. Nothing you typed is lost; save when you are ready."}
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Yours</th>
              <th scope="col">Theirs</th>
              <th scope="col">Keep</th>
            </tr>
          </thead>
          <tbody>
            {changes.map(({ field, mine, theirs, choice }) => (
              <tr key={field} data-undecided={choice === null || undefined}>
                <th scope="row">{labelOf(field)}</th>
                <td data-kept={choice === "mine" || undefined}>{textOf(mine)}</td>
                <td data-kept={choice === "theirs" || undefined}>{textOf(theirs)}</td>
                <td>
                  <SegmentedControl
                    size="xs"
                    aria-label="Value to keep"
                    // Without a choice neither is marked.
                    value={choice ?? ""}
                    onChange={(next) => onChoose(field, next === "mine" ? "mine" : "theirs")}
                    data={[
                      { value: "mine", label: "Keep mine" },
                      { value: "theirs", label: "Take theirs" },
                    ]}
                  />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Notice>
    </section>
  );
}
