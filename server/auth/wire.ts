import type { ApiTokenResource, Me, NewApiToken } from "./contract.ts";
import type { AuthStore } from "./store.ts";

type Person = NonNullable<Awaited<ReturnType<AuthStore["findMe"]>>>;
type ApiToken = { id: number; name: string; hint: string; createdAt: Date; expiresAt: Date | null };

export const toMe = (person: Person): Me => ({
  type: "user",
  id: String(person.id),
  attributes: {
    email: person.email,
    name: person.name,
    is_admin: person.isAdmin,
    is_super_admin: person.isAdmin && person.id === 1,
    groups: person.groups.map(({ group }) => group),
    ui_options: {
      show_chat: person.showChat,
      show_portal: person.showPortal,
      show_sso_config: person.accessToSsoConfig,
      skip_quick_start: person.skipQuickStart,
    },
  },
});

export const toTokenResource = (token: ApiToken & { lastUsedAt: Date | null }): ApiTokenResource => ({
  type: "api-tokens",
  id: String(token.id),
  attributes: {
    name: token.name,
    hint: token.hint,
    created_at: token.createdAt.toISOString(),
    expires_at: token.expiresAt?.toISOString() ?? null,
    last_used_at: token.lastUsedAt?.toISOString() ?? null,
  },
});

export const toNewToken = (token: ApiToken & { token: string }): NewApiToken => ({
  type: "api-tokens",
  id: String(token.id),
  attributes: {
    name: token.name,
    hint: token.hint,
    token: token.token,
    created_at: token.createdAt.toISOString(),
    expires_at: token.expiresAt?.toISOString() ?? null,
  },
});
