import { invalid } from "@portico/core";
import { type Hookable, hookable } from "../plugins/hooks/hookable.ts";
import { type Guard, isChanged, isExtended, isRaised } from "../plugins/hooks/policy.ts";
import { UserFields, UserProfile } from "./contract.ts";
import type { User, UserStore } from "./store.ts";
import { apiKeyOf, roleOf, toResource } from "./wire.ts";

const privilege = (needs: Guard["needs"]): Guard => ({ scope: "users.privileges", needs });

/** Groups as hooks show them, or ids as drafts have them. */
const idsOf = (groups: unknown): unknown =>
  Array.isArray(groups) ? groups.map((one) => (typeof one === "object" && one !== null && "id" in one ? one.id : one)) : groups;

/** Rights that only administrators have. */
export function checkAdminOnly(profile: UserProfile): void {
  if (profile.is_admin) return;
  if (profile.notifications_enabled) throw invalid("notifications_enabled", "can only be set for administrators");
  if (profile.access_to_sso_config) throw invalid("access_to_sso_config", "can only be set for administrators");
}

/** Users for plugins to judge and change. Passwords never go in; rights need a scope of their own. */
export const hookableUser = ({ store }: { store: Pick<UserStore, "groupsNamed"> }): Hookable<User, UserProfile> =>
  hookable<User, UserProfile>({
    kind: "user",
    fields: UserFields,
    schema: UserProfile,
    show: (user) => ({ id: user.id, ...toResource(user).attributes, groups: user.groups }),
    async derive({ groups: ids, is_admin, show_portal }, before) {
      const groups = await store.groupsNamed(ids);
      const absent = ids.find((id) => !groups.some((group) => group.id === id));
      if (absent !== undefined) throw invalid("groups", `there is no group ${absent}`);
      return { groups, role: roleOf({ id: before?.id ?? 0, isAdmin: is_admin, showPortal: show_portal }), api_key: apiKeyOf(before) };
    },
    guards: {
      email: privilege(isChanged),
      is_admin: privilege(isRaised),
      email_verified: privilege(isRaised),
      notifications_enabled: privilege(isRaised),
      access_to_sso_config: privilege(isRaised),
      groups: privilege(isExtended),
    },
    read: { groups: idsOf },
    check: checkAdminOnly,
    spelling: {
      names: {
        Name: "name",
        EmailVerified: "email_verified",
        IsAdmin: "is_admin",
        ShowPortal: "show_portal",
        ShowChat: "show_chat",
        AccessToSSOConfig: "access_to_sso_config",
      },
      // Of the reference's own columns; secrets among them are not sent.
      unread: ["password", "SessionToken", "ResetToken", "ResetTokenExpiry", "VerificationToken", "SkipQuickStart", "APIKey"],
    },
  });
