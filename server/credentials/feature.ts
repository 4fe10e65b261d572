import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import { credentialEndpoints } from "./endpoints.ts";
import { type CredentialService, createCredentialService } from "./service.ts";
import { createCredentialStore } from "./store.ts";

export type CredentialFeature = Feature & { credentials: CredentialService };

export function createCredentials({ db, counts }: { db: Db; counts: Counts }): CredentialFeature {
  const credentials = createCredentialService({ db, store: createCredentialStore(db, counts) });
  return { credentials, endpoints: credentialEndpoints({ credentials }) };
}
