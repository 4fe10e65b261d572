import type { Db } from "../db/client.ts";
import type { Counts } from "../db/counts.ts";
import type { Feature } from "../feature.ts";
import type { UserService } from "../users/service.ts";
import { groupEndpoints } from "./endpoints.ts";
import { createGroupService } from "./service.ts";
import { createGroupStore } from "./store.ts";

export function createGroups({ db, counts, users }: { db: Db; counts: Counts; users: UserService }): Feature {
  const groups = createGroupService({ db, store: createGroupStore(db, counts) });
  return { endpoints: groupEndpoints({ groups, users }) };
}
