import type { Db } from "../db/client.ts";
import type { EventBus } from "../events/bus.ts";
import type { Feature } from "../feature.ts";
import { type Authenticator, createAuthenticator } from "./authenticator.ts";
import type { Csrf } from "./csrf.ts";
import { authEndpoints } from "./endpoints.ts";
import type { Passwords } from "./passwords.ts";
import { createAuthService } from "./service.ts";
import { createSignInLimits } from "./sign-in-limits.ts";
import { createSignInStore } from "./sign-in-store.ts";
import { createAuthStore } from "./store.ts";
import { createTokenMint, type TokenMint } from "./token-mint.ts";
import { tokenStore } from "./token-store.ts";

export type AuthFeature = Feature & { authenticator: Authenticator; mint: TokenMint };

const changesRights = /^system\.(user|session|api_token|group)\./;

/** Who a caller is: sessions, API tokens, sign-in and its limits. */
export function createAuth({ db, events, passwords, csrf }: { db: Db; events: EventBus; passwords: Passwords; csrf: Csrf }): AuthFeature {
  const store = createAuthStore(db);
  const authenticator = createAuthenticator({ store });
  const mint = createTokenMint({ store: tokenStore });
  const limits = createSignInLimits(createSignInStore(db));
  const auth = createAuthService({ db, store, authenticator, passwords, limits, mint });
  const unsubscribe = events.subscribe(({ topic }) => {
    if (changesRights.test(topic)) authenticator.forget();
  }, authenticator.forget);
  // Here at once; other replicas hear of it a moment later.
  db.onCommit((kinds) => {
    if (kinds.has("user") || kinds.has("api_token") || kinds.has("group")) authenticator.forget();
  });
  return {
    authenticator,
    mint,
    endpoints: authEndpoints({ auth, csrf }),
    jobs: { "trim-sign-in": () => auth.trim() },
    crontab: "*/10 * * * * trim-sign-in",
    close: unsubscribe,
  };
}
