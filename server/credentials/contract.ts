import { z } from "zod";
import { attributesOf, draftOf, patchOf, replacementOf, timestamps } from "../fields/contract/resource.ts";
import { Flag, Id } from "../fields/contract.ts";
import { resourceOf } from "../http/contract.ts";

export const CredentialFields = { active: Flag };

/** Every credential is one of an app's. Inactive unless asked otherwise: activating it is the approval. */
export const CredentialDraft = draftOf({ ...CredentialFields, app_id: Id }, { active: false });

export const CredentialAttributes = attributesOf(CredentialFields, {
  key_id: z.string(),
  /** `[redacted]`, but for the answer that creates it. */
  secret: z.string(),
  /** Last characters of the secret, to recognize it by. */
  hint: z.string(),
  app_id: z.number(),
  app_name: z.string(),
  ...timestamps,
});
export type CredentialAttributes = z.infer<typeof CredentialAttributes>;

const shape = { shown: CredentialAttributes, fixed: ["key_id", "secret", "app_id"] };

export const CredentialPatch = patchOf(CredentialFields, shape);
export type CredentialPatch = z.infer<typeof CredentialPatch>;

export const CredentialReplacement = replacementOf(CredentialFields, { active: false }, shape);

export const CredentialResource = resourceOf("credentials", CredentialAttributes);
export type CredentialResource = z.infer<typeof CredentialResource>;
