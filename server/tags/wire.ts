import type { TagAttributes, TagResource } from "./contract.ts";
import type { Tag } from "./store.ts";

export const toAttributes = (tag: Tag): TagAttributes => ({
  name: tag.name,
  created_at: tag.createdAt.toISOString(),
  updated_at: tag.updatedAt.toISOString(),
});

export const toResource = (tag: Tag): TagResource => ({ type: "tags", id: String(tag.id), attributes: toAttributes(tag) });
