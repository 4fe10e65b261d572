import type { CredentialService } from "../credentials/service.ts";
import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import type { Notifier } from "../notifications/feature.ts";
import { createSpendReader } from "../usage/spend-store.ts";
import { appEndpoints } from "./endpoints.ts";
import { appOperations } from "./operations.ts";
import { ownCredentialEndpoints } from "./own-credential-endpoints.ts";
import { type AppService, createAppService } from "./service.ts";
import { createAppStore } from "./store.ts";
import { appToolEndpoints } from "./tool-endpoints.ts";

export type AppFeature = Feature & { apps: AppService };

export function createApps({
  db,
  counts,
  credentials,
  notifier,
}: {
  db: Db;
  counts: Counts;
  credentials: CredentialService;
  notifier: Notifier;
}): AppFeature {
  const apps = createAppService({ db, store: createAppStore(db, counts, createSpendReader(db)), credentials, notifier });
  return {
    apps,
    endpoints: [...appEndpoints({ apps, credentials }), ...appToolEndpoints({ apps }), ...ownCredentialEndpoints({ apps, credentials })],
    operations: appOperations({ apps }),
  };
}
