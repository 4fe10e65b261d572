import { z } from "zod";
import { Flag, Ids, must, text } from "../fields/contract.ts";

export const passwordMinLength = 8;

const fields = {
  email: z
    .string({ error: must("text") })
    .trim()
    .toLowerCase()
    .max(320, "is too long")
    .pipe(z.email("must be an e-mail address, e.g. ana@example.com")),
  name: text(200).min(1, "is required"),
  is_admin: Flag,
  show_portal: Flag,
  show_chat: Flag,
  /** Somebody whose address is not verified can neither sign in nor use an API token. */
  email_verified: Flag,
  notifications_enabled: Flag,
  access_to_sso_config: Flag,
  /** Ids of groups. Everybody is in Default, named or not. */
  groups: Ids,
};

/** Write-only; see auth/password-rules.ts for what else is asked of it. Absent or "" leaves it as it is: a new account then has none and cannot sign in with a password. */
const Password = z
  .string({ error: must("text") })
  .max(1000, "is too long")
  .refine((value) => value === "" || value.length >= passwordMinLength, `needs at least ${passwordMinLength} characters`)
  .optional();

/** What plugins may judge and rewrite of an account: everything but its password. */
export const UserProfile = z.strictObject({
  email: fields.email,
  name: fields.name,
  is_admin: fields.is_admin.default(false),
  show_portal: fields.show_portal.default(true),
  show_chat: fields.show_chat.default(true),
  email_verified: fields.email_verified.default(true),
  notifications_enabled: fields.notifications_enabled.default(false),
  access_to_sso_config: fields.access_to_sso_config.default(false),
  groups: fields.groups.default([]),
});
export type UserProfile = z.infer<typeof UserProfile>;

export const UserDraft = UserProfile.extend({ password: Password });
export type UserDraft = z.infer<typeof UserDraft>;

/** A change names only what it changes. */
export const UserPatch = z.strictObject({ ...fields, password: Password }).partial();
export type UserPatch = z.infer<typeof UserPatch>;

/** What the API shows of a person. */
export const UserAttributes = z.object({
  email: z.string(),
  name: z.string(),
  is_admin: z.boolean(),
  show_portal: z.boolean(),
  show_chat: z.boolean(),
  email_verified: z.boolean(),
  notifications_enabled: z.boolean(),
  access_to_sso_config: z.boolean(),
  /** `[redacted]` when there is one; the key itself only in the answer of roll-api-key. */
  api_key: z.string(),
  role: z.enum(["Super Admin", "Admin", "Developer", "Chat user"]),
  groups: z.array(z.object({ type: z.literal("groups"), id: z.string(), attributes: z.object({ name: z.string() }) })),
  metadata: z.record(z.string(), z.unknown()),
  created_at: z.string(),
  updated_at: z.string(),
});
