import { z } from "zod";
import { emptyList, Id, Ids, text } from "../fields/contract.ts";

const catalogues = {
  catalogues: emptyList("catalogues"),
  data_catalogues: emptyList("data catalogues"),
  tool_catalogues: emptyList("tool catalogues"),
};
const name = text(120).min(1, "is required");

/** A new group; `members` are ids of users. */
export const GroupDraft = z.strictObject({ name, members: Ids.default([]), ...catalogues });
export type GroupDraft = z.infer<typeof GroupDraft>;

/** A change names only what it changes; `members` replaces all. */
export const GroupPatch = z.strictObject({ name, members: Ids, ...catalogues }).partial();
export type GroupPatch = z.infer<typeof GroupPatch>;

export const Member = z.strictObject({ id: Id });
export const Members = z.strictObject({ members: Ids });

/** What the API shows of a group. */
export const GroupAttributes = z.object({
  name: z.string(),
  user_count: z.number(),
  /** The group that everybody is in: it can be neither renamed nor deleted. */
  is_default: z.boolean(),
  created_at: z.string(),
  updated_at: z.string(),
});
