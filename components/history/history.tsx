"use client";

import { Skeleton } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useState } from "react";
import type { AuditAttributes } from "../../server/audit/contract.ts";
import { q, rowsOf, withParams } from "../api/query.ts";
import type { List } from "../api/types.ts";
import { Pager } from "../table/pager.tsx";
import { Failure } from "../ui/notice.tsx";
import { Ago } from "../ui/time.tsx";
import classes from "./history.module.css";
import { fieldName, valueText } from "./words.ts";

const verbs: Record<string, string> = {
  created: "created it",
  updated: "changed it",
  deleted: "deleted it",
  approved: "approved its permissions",
  denied: "denied its permissions",
  reloaded: "reloaded it",
  revoked: "revoked it",
};

/** Who changed a thing, when, and what, newest first. Under `root`, whose live events have it read again. */
export function History({ root, type, id }: { root: string; type: string; id: string }) {
  const [page, setPage] = useState(1);
  const [size, setSize] = useState(25);
  const entries = useQuery<List<AuditAttributes>>({
    ...q(root, withParams("/api/v1/audit-log", { object_type: type, object_id: id, page, page_size: size })),
    placeholderData: keepPreviousData,
  });
  if (entries.isPending) return <Skeleton height={120} />;
  if (entries.error) return <Failure what="The history" error={entries.error} retry={() => void entries.refetch()} />;
  const rows = rowsOf(entries.data);
  if (rows.length === 0) return <p className="quiet">Nothing recorded yet. Every change appears here with who made it.</p>;
  return (
    <>
      <ol className={classes.list} aria-label="Changes">
        {rows.map(({ id: entryId, attributes: entry }) => (
          <li key={entryId}>
            <p className={classes.head}>
              <span>
                {entry.actor_id > 0 ? <Link href={`/admin/users/${entry.actor_id}`}>{entry.actor_name}</Link> : entry.actor_name}{" "}
                {verbs[entry.action.split(".").at(-1) ?? ""] ?? entry.action}
              </span>
              <span className="quiet">
                <Ago at={entry.at} />
              </span>
            </p>
            {entry.changes.length > 0 && (
              <dl className={classes.changes}>
                {entry.changes.map((change) => (
                  <div key={change.field}>
                    <dt>{fieldName(change.field)}</dt>
                    <dd>
                      {change.before !== undefined && valueText(change.after) !== "changed" && (
                        <>
                          <del>{valueText(change.before)}</del> <span aria-hidden="true">→</span>{" "}
                        </>
                      )}
                      <ins>{valueText(change.after)}</ins>
                    </dd>
                  </div>
                ))}
              </dl>
            )}
          </li>
        ))}
      </ol>
      {entries.data && (
        <Pager
          meta={entries.data.meta}
          size={size}
          label="changes"
          change={(changes) => {
            if ("page" in changes) setPage(Number(changes.page ?? 1));
            if ("size" in changes) {
              setPage(1);
              setSize(Number(changes.size ?? 25));
            }
          }}
        />
      )}
    </>
  );
}
