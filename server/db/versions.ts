import { AppError } from "@portico/core";
import type { ObjectKind } from "@portico/protocol/kinds";
import type pg from "pg";
import type { Db, Tx } from "./client.ts";
import type { Change } from "./journal.ts";

/**
 * Which state an object is in: the number of the newest journal entry about it, and who wrote that. Every change writes its entry in its
 * own transaction while it holds the object's row, so numbers rise in the order of the changes.
 */
export type ObjectVersion = {
  /** 0 for an object without entries: one that was there from the start. */
  number: number;
  changedBy: { id: number; name: string } | null;
  changedAt: Date | null;
};

export type Versions = {
  /** Read it before the object: an object that is newer than its version costs a repeated request, an older one loses a change. */
  latest(kind: ObjectKind, id: string): Promise<ObjectVersion>;
  /** The version that a request gave an object; undefined when it did not change it. */
  writtenBy(requestId: string, kind: ObjectKind, id: string): Promise<ObjectVersion | undefined>;
};

type Row = { id: number; actor_id: number; actor_name: string; at: Date };

const toVersion = (row: Row | undefined): ObjectVersion =>
  row
    ? { number: Number(row.id), changedBy: { id: row.actor_id, name: row.actor_name }, changedAt: row.at }
    : { number: 0, changedBy: null, changedAt: null };

export function createVersions(db: Pick<Db, "sql">): Versions {
  const find = async (name: string, condition: string, values: unknown[]): Promise<Row | undefined> => {
    const query: pg.QueryConfig = {
      name,
      text: `SELECT id, actor_id, actor_name, at FROM audit_log WHERE object_type = $1 AND object_id = $2 ${condition} ORDER BY id DESC LIMIT 1`,
      values,
    };
    return (await db.sql.query<Row>(query)).rows[0];
  };
  return {
    latest: async (kind, id) => toVersion(await find("latest version", "", [kind, id])),
    async writtenBy(requestId, kind, id) {
      const row = await find("version written by", "AND request_id = $3", [kind, id, requestId]);
      return row && toVersion(row);
    },
  };
}

/** What the caller did itself in the same request is no change of somebody else's. */
const latestOfOthers = (tx: Tx, kind: ObjectKind, id: string, requestId: string): Promise<Row[]> =>
  tx.$queryRaw<Row[]>`
    SELECT id, actor_id, actor_name, at FROM audit_log
    WHERE object_type = ${kind} AND object_id = ${id} AND request_id <> ${requestId} ORDER BY id DESC LIMIT 1`;

/** @throws AppError precondition_failed when one of the changes is made over a state that its caller has not seen. */
export async function requireExpected(tx: Tx, changes: Change[]): Promise<void> {
  for (const { kind, id, actor } of changes) {
    const { expects } = actor;
    if (expects?.kind !== kind || expects.id !== String(id)) continue;
    const [row] = await latestOfOthers(tx, kind, expects.id, actor.requestId);
    if (!expects.isMetBy(toVersion(row))) throw new PreconditionFailed();
  }
}

/** The object has changed since the caller read it. The HTTP layer adds the state that it is in. */
export class PreconditionFailed extends AppError {
  constructor() {
    super({ code: "precondition_failed", message: "The object has changed since you read it." });
  }
}
