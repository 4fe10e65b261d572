import type { GroupResource } from "./contract.ts";
import type { Group } from "./store.ts";

export const toResource = (group: Group): GroupResource => ({
  type: "groups",
  id: String(group.id),
  attributes: {
    name: group.name,
    user_count: group.userCount,
    is_default: group.isDefault,
    created_at: group.createdAt.toISOString(),
    updated_at: group.updatedAt.toISOString(),
  },
});
