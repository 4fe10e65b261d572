import type { AppService } from "../apps/service.ts";
import type { Db } from "../db/client.ts";
import type { Feature } from "../feature.ts";
import { createCallStore } from "../usage/calls-store.ts";
import { createSpendReader } from "../usage/spend-store.ts";
import { createSumStore } from "../usage/sums-store.ts";
import { chartEndpoints } from "./chart-endpoints.ts";
import { createCostService } from "./costs.ts";
import { analyticsEndpoints } from "./endpoints.ts";
import { logEndpoints } from "./log-endpoints.ts";
import { analyticsOperations } from "./operations.ts";
import { createReportService } from "./report.ts";
import { reportEndpoints } from "./report-endpoints.ts";
import { createAnalyticsService } from "./service.ts";
import { createAnalyticsStore } from "./store.ts";

export function createAnalytics({ db, apps }: { db: Db; apps: AppService }): Feature {
  const sums = createSumStore(db);
  const store = createAnalyticsStore(db);
  const analytics = createAnalyticsService({ store, calls: createCallStore(db), sums, spends: createSpendReader(db), apps });
  const reports = createReportService({ store, sums });
  return {
    endpoints: [
      ...analyticsEndpoints({ analytics }),
      ...reportEndpoints({ reports }),
      ...chartEndpoints({ analytics, apps }),
      ...logEndpoints({ analytics, costs: createCostService({ store, sums }) }),
    ],
    operations: analyticsOperations({ reports, sums, store }),
  };
}
