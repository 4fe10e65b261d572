import { defined } from "@portico/core";
import type { Db, Tx } from "../db/client.ts";
import type { Prisma } from "../db/generated/client.ts";

export type Source = "manifest" | "plugin" | "admin";
export type Status = "running" | "completed" | "failed" | "timeout";
export type Trigger = "schedule" | "retry" | "manual";

/** What a schedule says: when, and with what. */
export type ScheduleSettings = {
  name: string;
  cronExpr: string;
  timezone: string;
  enabled: boolean;
  config: Record<string, unknown>;
  timeoutSeconds: number;
  retries: number;
  catchUp: boolean;
};

export type Schedule = ScheduleSettings & {
  id: number;
  pluginId: number;
  scheduleId: string;
  source: Source;
  editedFields: string[];
  nextRunAt: Date | null;
  attempt: number;
  lastRunAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
};

/** The newest run of a schedule. */
export type LastRun = { status: Status; error: string };

export type Execution = {
  id: number;
  pluginScheduleId: number;
  pluginId: number;
  status: Status;
  trigger: Trigger;
  dueAt: Date;
  startedAt: Date;
  completedAt: Date | null;
  lockedBy: string;
  error: string;
};

export type Executions = { items: Execution[]; total: number; succeeded: number };

type Change = Partial<ScheduleSettings> & Partial<Pick<Schedule, "nextRunAt" | "attempt" | "editedFields">>;

export type ScheduleStore = {
  pluginExists(pluginId: number): Promise<boolean>;
  list(pluginId: number): Promise<{ schedule: Schedule; last: LastRun | undefined }[]>;
  find(pluginId: number, id: number): Promise<Schedule | undefined>;
  findNamed(pluginId: number, scheduleId: string): Promise<Schedule | undefined>;
  lastRun(id: number): Promise<LastRun | undefined>;
  insert(tx: Tx, schedule: ScheduleSettings & Pick<Schedule, "pluginId" | "scheduleId" | "source" | "nextRunAt">): Promise<Schedule>;
  update(tx: Tx, id: number, change: Change): Promise<Schedule>;
  /** @returns how many there were. */
  delete(tx: Tx, id: number): Promise<number>;
  executions(id: number, page: { limit: number; offset: number }): Promise<Executions>;
  /** Those of manifests, as they are stored, and what the manifests of active plugins say now. */
  manifests(): Promise<{ pluginId: number; declared: unknown; stored: Schedule[] }[]>;
  /** Keeps other replicas from bringing schedules in line with manifests until the transaction ends. */
  lockManifests(tx: Tx): Promise<void>;
};

type Row = Omit<Schedule, "config" | "source"> & { config: Prisma.JsonValue; source: string };
const toSchedule = ({ config, source, ...row }: Row): Schedule => ({
  ...row,
  config: config as Record<string, unknown>,
  source: source as Source,
});

const json = (value: Record<string, unknown>) => value as Prisma.InputJsonObject;

export function createScheduleStore(db: Db): ScheduleStore {
  async function lastRuns(ids: readonly number[]): Promise<Map<number, LastRun>> {
    const { rows } = await db.sql.query<{ id: number } & LastRun>(
      `SELECT s.id, e.status, e.error FROM unnest($1::int[]) AS s(id)
       CROSS JOIN LATERAL (SELECT status, error FROM plugin_schedule_executions WHERE plugin_schedule_id = s.id ORDER BY id DESC LIMIT 1) e`,
      [ids],
    );
    return new Map(rows.map(({ id, ...last }) => [id, last]));
  }

  return {
    pluginExists: async (id) => (await db.prisma.plugin.count({ where: { id } })) > 0,
    async list(pluginId) {
      const rows = await db.prisma.pluginSchedule.findMany({ where: { pluginId }, orderBy: { id: "asc" } });
      const last = await lastRuns(rows.map(({ id }) => id));
      return rows.map((row) => ({ schedule: toSchedule(row), last: last.get(row.id) }));
    },
    async find(pluginId, id) {
      const row = await db.prisma.pluginSchedule.findFirst({ where: { pluginId, id } });
      return row ? toSchedule(row) : undefined;
    },
    async findNamed(pluginId, scheduleId) {
      const row = await db.prisma.pluginSchedule.findUnique({ where: { pluginId_scheduleId: { pluginId, scheduleId } } });
      return row ? toSchedule(row) : undefined;
    },
    lastRun: async (id) => (await lastRuns([id])).get(id),
    async insert(tx, { config, ...schedule }) {
      return toSchedule(await tx.pluginSchedule.create({ data: { ...schedule, config: json(config) } }));
    },
    async update(tx, id, { config, ...change }) {
      const data = { ...defined(change), ...(config ? { config: json(config) } : {}), updatedAt: new Date() };
      return toSchedule(await tx.pluginSchedule.update({ where: { id }, data }));
    },
    delete: async (tx, id) => (await tx.pluginSchedule.deleteMany({ where: { id } })).count,

    async executions(id, { limit, offset }) {
      const [items, groups] = await Promise.all([
        db.prisma.pluginScheduleExecution.findMany({
          where: { pluginScheduleId: id },
          orderBy: { id: "desc" },
          take: limit,
          skip: offset,
          omit: { leaseUntil: true },
        }),
        db.prisma.pluginScheduleExecution.groupBy({ by: ["status"], where: { pluginScheduleId: id }, _count: true }),
      ]);
      const count = (of: typeof groups) => of.reduce((sum, { _count }) => sum + _count, 0);
      return {
        items: items.map((row) => ({ ...row, id: Number(row.id), status: row.status as Status, trigger: row.trigger as Trigger })),
        total: count(groups),
        succeeded: count(groups.filter(({ status }) => status === "completed")),
      };
    },

    async manifests() {
      const { rows } = await db.sql.query<{ id: number; declared: unknown }>(
        `SELECT id, CASE WHEN is_active THEN manifest->'schedules' END AS declared FROM plugins p
         WHERE (is_active AND jsonb_typeof(manifest->'schedules') = 'array')
            OR (is_active AND EXISTS (SELECT FROM plugin_schedules WHERE plugin_id = p.id AND source = 'manifest'))`,
      );
      const stored = await db.prisma.pluginSchedule.findMany({ where: { pluginId: { in: rows.map(({ id }) => id) } } });
      const byPlugin = Map.groupBy(stored.map(toSchedule), ({ pluginId }) => pluginId);
      return rows.map(({ id, declared }) => ({ pluginId: id, declared, stored: byPlugin.get(id) ?? [] }));
    },
    async lockManifests(tx) {
      await tx.$queryRaw`SELECT 1 AS locked FROM (SELECT pg_advisory_xact_lock(hashtext('portico.plugin_schedules'))) AS held`;
    },
  };
}
