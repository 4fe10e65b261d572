import type { Db, Tx } from "../db/client.ts";
import type { Feature } from "../feature.ts";
import { notificationEndpoints } from "./endpoints.ts";
import { createNotificationStore } from "./store.ts";

/** Parts of a budget, in percent, that are worth a notification. */
const thresholds = [80, 100];
const keptDays = 90;

/** Tells people what happened, in the transaction in which it happens. */
export type Notifier = {
  appCreated(tx: Tx, app: { id: number; name: string; isActive: boolean }, by: { userId: number; name: string }): Promise<void>;
};

export type NotificationFeature = Feature & { notifier: Notifier };

export function createNotifications({ db }: { db: Db }): NotificationFeature {
  const store = createNotificationStore(db);
  return {
    notifier: {
      appCreated: (tx, app, by) =>
        store.notifyAdmins(
          tx,
          {
            key: `new_app_${app.id}`,
            type: "app",
            title: `${by.name} created the app ${app.name}`,
            content: app.isActive ? "Its credential is active." : "Activate its credential to approve it.",
            link: `/admin/apps/${app.id}`,
          },
          by.userId,
        ),
    },
    endpoints: notificationEndpoints({ store }),
    jobs: {
      async "notify-budgets"() {
        await store.notifyBudgets(thresholds);
      },
      async "trim-notifications"() {
        await store.deleteOld(keptDays);
      },
    },
    crontab: "* * * * * notify-budgets ?max=1\n41 3 * * * trim-notifications ?max=1",
  };
}
