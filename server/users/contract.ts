import { z } from "zod";
import { attributesOf, draftOf, patchOf, replacementOf, timestamps } from "../fields/contract/resource.ts";
import { Flag, Ids, must, text } from "../fields/contract.ts";
import { documentOf, resourceOf } from "../http/contract.ts";

export const passwordMinLength = 8;

export const UserFields = {
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
  /** Groups or their ids. Everybody is in Default, named or not. Answers have the groups themselves. */
  groups: Ids,
};

/** Write-only; see auth/password-rules.ts for what else is asked of it. Absent or "" leaves it as it is: a new account then has none and cannot sign in with a password. */
const Password = z
  .string({ error: must("text") })
  .max(1000, "is too long")
  .refine((value) => value === "" || value.length >= passwordMinLength, `needs at least ${passwordMinLength} characters`)
  .optional();

const defaults = {
  is_admin: false,
  show_portal: true,
  show_chat: true,
  email_verified: true,
  notifications_enabled: false,
  access_to_sso_config: false,
  groups: [],
};

/** What plugins may judge and rewrite of an account: everything but its password. */
export const UserProfile = draftOf(UserFields, defaults);
export type UserProfile = z.infer<typeof UserProfile>;

const sent = { ...UserFields, password: Password };

export const UserDraft = draftOf(sent, defaults);
export type UserDraft = z.infer<typeof UserDraft>;

/** A group, as its members show it. */
export const GroupOfUser = resourceOf("groups", z.object({ name: z.string() }));

export const UserAttributes = attributesOf(UserFields, {
  groups: z.array(GroupOfUser),
  /** `[redacted]` when there is one; the key itself only in the answer of roll-api-key. */
  api_key: z.string(),
  role: z.enum(["Super Admin", "Admin", "Developer", "Chat user"]),
  metadata: z.record(z.string(), z.unknown()),
  ...timestamps,
});
export type UserAttributes = z.infer<typeof UserAttributes>;

const shape = { shown: UserAttributes, fixed: ["api_key"] };

export const UserPatch = patchOf({ ...sent, skip_quick_start: Flag }, shape);
export type UserPatch = z.infer<typeof UserPatch>;

/** Without `password` the password stays. */
export const UserReplacement = replacementOf({ ...sent, skip_quick_start: Flag }, { ...defaults, skip_quick_start: undefined }, shape);

export const UserResource = resourceOf("users", UserAttributes);
export type UserResource = z.infer<typeof UserResource>;

/** The account as it is now, and how many sessions and tokens its change ended. */
export const ChangedUser = documentOf(UserResource).extend({
  meta: z.object({ ended: z.object({ sessions: z.number(), api_tokens: z.number() }) }),
});
