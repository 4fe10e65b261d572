import { z } from "zod";
import { Flag } from "../fields/contract.ts";

export const CredentialPatch = z.strictObject({ active: Flag }).partial();
export type CredentialPatch = z.infer<typeof CredentialPatch>;

/** What the API shows of a credential. */
export const CredentialAttributes = z.object({
  key_id: z.string(),
  /** `[redacted]`, but for the answer that creates it. */
  secret: z.string(),
  /** Last characters of the secret, to recognise it by. */
  hint: z.string(),
  active: z.boolean(),
  app_id: z.number(),
  app_name: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
});
