import type { AppService } from "../apps/service.ts";
import type { Passwords } from "../auth/passwords.ts";
import type { TokenMint } from "../auth/token-mint.ts";
import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import type { ObjectHooks } from "../plugins/hooks/types.ts";
import { userEndpoints } from "./endpoints.ts";
import { createUserService, type UserService } from "./service.ts";
import { createUserStore } from "./store.ts";

export type UserFeature = Feature & { users: UserService };

export function createUsers({
  db,
  counts,
  apps,
  hooks,
  passwords,
  mint,
}: {
  db: Db;
  counts: Counts;
  apps: AppService;
  hooks: ObjectHooks;
  passwords: Passwords;
  mint: TokenMint;
}): UserFeature {
  const users = createUserService({ db, store: createUserStore(db, counts), apps, hooks, passwords, mint });
  return { users, endpoints: userEndpoints({ users, apps }) };
}
