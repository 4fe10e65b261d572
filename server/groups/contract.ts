import { z } from "zod";
import { attributesOf, draftOf, patchOf, replacementOf, timestamps } from "../fields/contract/resource.ts";
import { emptyList, Id, Ids, text } from "../fields/contract.ts";
import { resourceOf } from "../http/contract.ts";

export const GroupFields = { name: text(120).min(1, "is required") };

/** Ids of users. Written with the group, and read at a path of their own: a group may have many. */
const members = { members: Ids };

const catalogues = {
  catalogues: emptyList("catalogues"),
  data_catalogues: emptyList("data catalogues"),
  tool_catalogues: emptyList("tool catalogues"),
};

const sent = { ...GroupFields, ...members, ...catalogues };

export const GroupDraft = draftOf(sent, { members: [] });
export type GroupDraft = z.infer<typeof GroupDraft>;

export const Member = z.strictObject({ id: Id });
export const Members = z.strictObject(members);

export const GroupAttributes = attributesOf(GroupFields, {
  user_count: z.number(),
  /** The group that everybody is in: it can be neither renamed nor deleted. */
  is_default: z.boolean(),
  ...timestamps,
});
export type GroupAttributes = z.infer<typeof GroupAttributes>;

/** `members` replaces all. */
export const GroupPatch = patchOf(sent, { shown: GroupAttributes });
export type GroupPatch = z.infer<typeof GroupPatch>;

/** Without `members` the members stay. */
export const GroupReplacement = replacementOf(sent, { members: undefined }, { shown: GroupAttributes });

export const GroupResource = resourceOf("groups", GroupAttributes);
export type GroupResource = z.infer<typeof GroupResource>;
