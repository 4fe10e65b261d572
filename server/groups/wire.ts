import type { Resource } from "../http/envelope.ts";
import type { Group } from "./store.ts";

export const toResource = (group: Group): Resource => ({
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
