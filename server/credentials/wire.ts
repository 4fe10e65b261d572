import { redacted } from "../fields/contract.ts";
import type { CredentialResource } from "./contract.ts";
import type { Credential } from "./store.ts";

/** @param secret only for the answer that creates it. */
export const toResource = (credential: Credential, secret: string = redacted): CredentialResource => ({
  type: "credentials",
  id: String(credential.id),
  attributes: {
    key_id: credential.keyId,
    secret,
    hint: credential.hint,
    active: credential.active,
    app_id: credential.appId,
    app_name: credential.appName,
    created_at: credential.createdAt.toISOString(),
    updated_at: credential.updatedAt.toISOString(),
  },
});

/** What events say of a credential: edges find it by its id. */
export const toEventObject = (credential: Credential, active: boolean) => ({
  id: credential.id,
  key_id: credential.keyId,
  app_id: credential.appId,
  active,
});
