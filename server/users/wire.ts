import { redacted } from "../fields/contract.ts";
import type { UserProfile, UserResource } from "./contract.ts";
import type { User } from "./store.ts";

/** The account as its owner would send it: what changes are made from, and what plugins see. */
export const toProfile = (user: User): UserProfile => ({
  email: user.email,
  name: user.name,
  is_admin: user.isAdmin,
  show_portal: user.showPortal,
  show_chat: user.showChat,
  email_verified: user.emailVerified,
  notifications_enabled: user.notificationsEnabled,
  access_to_sso_config: user.accessToSsoConfig,
  groups: user.groups.map((group) => group.id),
});

export const roleOf = (user: Pick<User, "id" | "isAdmin" | "showPortal">) => {
  if (user.isAdmin) return user.id === 1 ? "Super Admin" : "Admin";
  return user.showPortal ? "Developer" : "Chat user";
};

/** Never the key itself. */
export const apiKeyOf = (user: Pick<User, "hasApiKey"> | undefined): string => (user?.hasApiKey ? redacted : "");

/** @param apiKey only for the answer that creates it. */
export const toResource = (user: User, apiKey?: string): UserResource => ({
  type: "users",
  id: String(user.id),
  attributes: {
    ...toProfile(user),
    api_key: apiKey ?? apiKeyOf(user),
    role: roleOf(user),
    groups: user.groups.map((group) => ({ type: "groups", id: String(group.id), attributes: { name: group.name } })),
    metadata: user.metadata,
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
  },
});
