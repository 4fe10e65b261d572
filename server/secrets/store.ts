import { conflict, defined } from "@portico/core";
import { type Db, onUnique, type Tx } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import { createListing, selectAs } from "../db/listing.ts";
import type { ListQuery, Page } from "../db/paging.ts";
import { referenceTo } from "./contract/reference-text.ts";
import { secretUses } from "./uses.ts";

export type Secret = {
  id: number;
  name: string;
  description: string;
  hasValue: boolean;
  useCount: number;
  rotatedAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
};

export type SecretRow = { name: string; description: string; sealed: string | null; rotatedAt: Date | null };

/** A field that refers to a secret. */
export type SecretUser = { type: string; id: number; name: string; field: string };

export type SecretStore = {
  list(query: ListQuery, filters: { is_used?: boolean | undefined }): Promise<Page<Secret>>;
  find(id: number): Promise<Secret | undefined>;
  /** Locks the row for the transaction: nothing comes to refer to it meanwhile. */
  lock(tx: Tx, id: number): Promise<{ name: string; sealed: string | null } | undefined>;
  insert(tx: Tx, row: SecretRow): Promise<number>;
  /** Writes what is named. */
  update(tx: Tx, id: number, row: Partial<SecretRow>): Promise<void>;
  delete(tx: Tx, id: number): Promise<void>;
  read(tx: Tx, id: number): Promise<Secret>;
  /** The first fields that refer to a secret, and how many there are. */
  users(name: string, tx?: Tx): Promise<{ first: SecretUser[]; total: number }>;
  /** What is stored of the secrets with these names. */
  sealed(names: readonly string[]): Promise<Map<string, string | null>>;
  /** Keeps secrets from being deleted or renamed before the transaction ends. @returns those that exist. */
  hold(tx: Tx, names: readonly string[]): Promise<string[]>;
};

const sorts = { id: "t.id", var_name: "t.name", rotated_at: "t.rotated_at", created_at: "t.created_at", updated_at: "t.updated_at" };
export const secretSorts = Object.keys(sorts);

const maxUsers = 100;

const usesOf = (reference: string) => (one: (typeof secretUses)[number]) =>
  `FROM ${one.from} WHERE ${one.matches.replaceAll("?", () => reference)}`;
const useCount = secretUses
  .map(usesOf("('$SECRET/' || t.name)"))
  .map((from) => `(SELECT count(*) ${from})`)
  .join(" + ");

const columns = selectAs<Secret>({
  id: "t.id",
  name: "t.name",
  description: "t.description",
  hasValue: "t.sealed IS NOT NULL",
  useCount: `(${useCount})`,
  rotatedAt: "t.rotated_at",
  createdAt: "t.created_at",
  updatedAt: "t.updated_at",
});

const onNameTaken = (name: string | undefined) =>
  onUnique(() => conflict(`There is a secret ${name ?? "with this name"} already. Choose another name.`, "var_name"));

export function createSecretStore(db: Db, counts: Counts): SecretStore {
  const listing = createListing<Secret, { is_used?: boolean | undefined }>(
    { db, counts },
    {
      kinds: ["secret", "llm", "plugin", "tool", "datasource"],
      from: "secrets t",
      select: columns,
      sorts,
      search: ["t.name", "t.description"],
      filters: { is_used: `((${useCount}) > 0) = ?` },
    },
  );

  return {
    list: listing.page,
    async find(id) {
      return (await db.sql.query<Secret>(`SELECT ${columns} FROM secrets t WHERE t.id = $1`, [id])).rows[0];
    },
    async read(tx, id) {
      const rows = await tx.$queryRawUnsafe<(Omit<Secret, "useCount"> & { useCount: bigint })[]>(
        `SELECT ${columns} FROM secrets t WHERE t.id = $1`,
        id,
      );
      const row = rows[0] as Omit<Secret, "useCount"> & { useCount: bigint };
      return { ...row, useCount: Number(row.useCount) };
    },
    async lock(tx, id) {
      return (
        await tx.$queryRaw<{ name: string; sealed: string | null }[]>`SELECT name, sealed FROM secrets WHERE id = ${id} FOR UPDATE`
      )[0];
    },
    insert: async (tx, row) => (await tx.secret.create({ data: row, select: { id: true } }).catch(onNameTaken(row.name))).id,
    async update(tx, id, row) {
      await tx.secret.update({ where: { id }, data: defined(row), select: { id: true } }).catch(onNameTaken(row.name));
    },
    async delete(tx, id) {
      await tx.secret.delete({ where: { id } });
    },

    async users(name, tx) {
      const all = secretUses
        .map((one) => `SELECT '${one.type}' AS type, o.id, o.name, '${one.field}' AS field ${usesOf("$1::text")(one)}`)
        .join(" UNION ALL ");
      const text = `SELECT type, id, name, field, count(*) OVER () AS total FROM (${all}) u ORDER BY type, name, id, field LIMIT ${maxUsers}`;
      type Row = SecretUser & { total: number | bigint };
      const rows = tx
        ? await tx.$queryRawUnsafe<Row[]>(text, referenceTo(name))
        : (await db.sql.query<Row>(text, [referenceTo(name)])).rows;
      return { first: rows.map(({ total: _total, ...user }) => user), total: Number(rows[0]?.total ?? 0) };
    },

    async sealed(names) {
      if (names.length === 0) return new Map();
      const rows = await db.prisma.secret.findMany({ where: { name: { in: [...names] } }, select: { name: true, sealed: true } });
      return new Map(rows.map(({ name, sealed }) => [name, sealed]));
    },

    async hold(tx, names) {
      if (names.length === 0) return [];
      const rows = await tx.$queryRaw<{ name: string }[]>`SELECT name FROM secrets WHERE name = ANY(${[...names]}) ORDER BY id FOR SHARE`;
      return rows.map(({ name }) => name);
    },
  };
}
