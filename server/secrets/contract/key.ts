import { z } from "zod";
import { resourceOf } from "../../http/contract.ts";

/** Counts of stored values by the key that encrypted them. */
export const SecretKeyAttributes = z.object({
  /** Of the current key; says nothing of the key itself. */
  key_id: z.string(),
  current: z.number(),
  /** Encrypted with keys of PORTICO_FORMER_SECRET_KEYS. */
  former: z.number(),
  /** Encrypted with keys that studio does not have. */
  unreadable: z.number(),
});
export type SecretKeyAttributes = z.infer<typeof SecretKeyAttributes>;

export const SecretKeyResource = resourceOf("secret-keys", SecretKeyAttributes);
export type SecretKeyResource = z.infer<typeof SecretKeyResource>;
