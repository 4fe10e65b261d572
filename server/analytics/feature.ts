import type { AppService } from "../apps/service.ts";
import type { Db } from "../db/client.ts";
import type { Feature } from "../feature.ts";
import { chartEndpoints } from "./chart-endpoints.ts";
import { analyticsEndpoints } from "./endpoints.ts";
import { createAnalyticsService } from "./service.ts";
import { createAnalyticsStore } from "./store.ts";

export function createAnalytics({ db, apps }: { db: Db; apps: AppService }): Feature {
  const analytics = createAnalyticsService({ store: createAnalyticsStore(db), apps });
  return { endpoints: [...analyticsEndpoints({ analytics }), ...chartEndpoints({ analytics, apps })] };
}
