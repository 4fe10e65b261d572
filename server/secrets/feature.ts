import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import { secretEndpoints } from "./endpoints.ts";
import { keyEndpoints } from "./key-endpoints.ts";
import { createKeyService } from "./key-service.ts";
import { createKeyStore } from "./key-store.ts";
import { createSecretService } from "./service.ts";
import { createSecretStore } from "./store.ts";
import { createSecretValues, type SecretEnvironment, type SecretValues } from "./values.ts";
import type { Vault } from "./vault.ts";

export type SecretFeature = Feature & { secretValues: SecretValues };

export function createSecrets({
  db,
  counts,
  vault,
  environment,
}: {
  db: Db;
  counts: Counts;
  vault: Vault;
  environment: SecretEnvironment;
}): SecretFeature {
  const store = createSecretStore(db, counts);
  const keys = createKeyService({ db, store: createKeyStore(db), vault });
  const secrets = createSecretService({ db, store, vault });
  return {
    secretValues: createSecretValues({ vault, environment, store }),
    endpoints: [...secretEndpoints({ secrets }), ...keyEndpoints({ keys })],
  };
}
