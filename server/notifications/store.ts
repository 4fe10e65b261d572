import type { Db, Tx } from "../db/client.ts";

export type Notification = {
  id: number;
  key: string;
  type: string;
  title: string;
  content: string;
  link: string;
  userId: number;
  read: boolean;
  createdAt: Date;
  updatedAt: Date;
};

/** What is said, to each of some people once. */
export type Notice = { key: string; type: string; title: string; content: string; link: string };

export type NotificationStore = {
  /** Newest first. */
  list(userId: number, page: { limit: number; offset: number }): Promise<Notification[]>;
  unread(userId: number): Promise<number>;
  /** @returns false when the person has no such notification. */
  markRead(userId: number, id: number): Promise<boolean>;
  markAllRead(userId: number): Promise<void>;
  /** To administrators who want notifications, without the one who did it. */
  notifyAdmins(tx: Tx, notice: Notice, exceptUserId: number): Promise<void>;
  /** Writes the notices of budgets that are spent to a threshold; each once for a period. @returns how many were written. */
  notifyBudgets(thresholds: readonly number[]): Promise<number>;
  /** Deletes what was read, or written, that many days ago. */
  deleteOld(days: number): Promise<void>;
};

export function createNotificationStore(db: Db): NotificationStore {
  return {
    list: (userId, { limit, offset }) =>
      db.prisma.notification.findMany({ where: { userId }, orderBy: { id: "desc" }, take: limit, skip: offset }),
    unread: (userId) => db.prisma.notification.count({ where: { userId, read: false } }),
    async markRead(userId, id) {
      return (await db.prisma.notification.updateMany({ where: { id, userId }, data: { read: true } })).count > 0;
    },
    async markAllRead(userId) {
      await db.prisma.notification.updateMany({ where: { userId, read: false }, data: { read: true } });
    },

    async notifyAdmins(tx, { key, type, title, content, link }, exceptUserId) {
      await tx.$executeRaw`
        INSERT INTO notifications (key, type, title, content, link, user_id, updated_at)
        SELECT ${key} || '_admin_' || u.id, ${type}, ${title}, ${content}, ${link}, u.id, now()
        FROM users u WHERE u.is_admin AND u.notifications_enabled AND u.id <> ${exceptUserId}
        ON CONFLICT (key) DO NOTHING`;
    },

    async notifyBudgets(thresholds) {
      const { rowCount } = await db.sql.query(
        // The newest period that has begun and has not ended; what an owner may not see of an LLM is for administrators only.
        `WITH spent AS (
           SELECT o.kind, o.id, o.name, o.owner_id, o.budget, b.period_start, b.spent_micro_usd
           FROM (SELECT 'app' AS kind, id, name, user_id AS owner_id, monthly_budget_micro_usd AS budget FROM apps WHERE NOT is_system
                 UNION ALL SELECT 'llm', id, name, NULL, monthly_budget_micro_usd FROM llms) o
           JOIN LATERAL (SELECT period_start, spent_micro_usd FROM budget_usage
             WHERE kind = o.kind AND object_id = o.id AND period_start <= now() AND period_start > now() - interval '1 month'
             ORDER BY period_start DESC LIMIT 1) b ON true
           WHERE o.budget > 0
         ), reached AS (
           SELECT DISTINCT ON (s.kind, s.id) s.*, t.percent FROM spent s JOIN unnest($1::int[]) AS t(percent)
             ON s.spent_micro_usd >= s.budget * t.percent / 100 ORDER BY s.kind, s.id, t.percent DESC
         )
         INSERT INTO notifications (key, type, title, content, link, user_id, updated_at)
         SELECT 'budget_' || r.kind || '_' || r.id || '_' || to_char(r.period_start AT TIME ZONE 'UTC', 'YYYYMMDD') || '_' || r.percent
             || CASE WHEN u.id = r.owner_id THEN '_owner_' ELSE '_admin_' END || u.id,
           'budget',
           CASE WHEN r.percent >= 100 THEN 'Budget of ' || r.name || ' is spent' ELSE 'Budget of ' || r.name || ' is ' || r.percent || ' % spent' END,
           '$' || to_char(r.spent_micro_usd / 1000000.0, 'FM999999990.00') || ' of $' || to_char(r.budget / 1000000.0, 'FM999999990.00')
             || ' spent in this period.' || CASE WHEN r.percent >= 100 THEN ' Gateways reject further calls until the next period begins or the budget is raised.' ELSE '' END,
           CASE WHEN u.is_admin THEN '/admin/' ELSE '/portal/' END || CASE WHEN r.kind = 'app' THEN 'apps/' ELSE 'llms/' END || r.id,
           u.id, now()
         FROM reached r JOIN users u ON (u.is_admin AND u.notifications_enabled) OR u.id = r.owner_id
         ON CONFLICT (key) DO NOTHING`,
        [thresholds],
      );
      return rowCount ?? 0;
    },

    async deleteOld(days) {
      await db.sql.query("DELETE FROM notifications WHERE created_at < now() - make_interval(days => $1)", [days]);
    },
  };
}
