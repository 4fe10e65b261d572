import { z } from "zod";
import { attributesOf, draftOf, patchOf, replacementOf, timestamps } from "../fields/contract/resource.ts";
import { Flag, Id, Ids, text } from "../fields/contract.ts";
import { resourceOf } from "../http/contract.ts";

export const GroupFields = {
  name: text(120).min(1, "is required"),
  /** Keys of apps that members create in the portal work at once, without an administrator's approval. */
  self_service: Flag,
};

/** Ids of users. Written with the group, and read at a path of their own: a group may have many. */
const members = { members: Ids };

/** Catalogues or their ids: what members may use. Answers with one group have the catalogues themselves. */
const catalogues = { catalogues: Ids, data_catalogues: Ids, tool_catalogues: Ids };

const sent = { ...GroupFields, ...members, ...catalogues };

export const GroupDraft = draftOf(sent, { self_service: false, members: [], catalogues: [], data_catalogues: [], tool_catalogues: [] });
export type GroupDraft = z.infer<typeof GroupDraft>;

export const Member = z.strictObject({ id: Id });
export const Members = z.strictObject(members);
export const GroupCatalogues = z.strictObject(catalogues).partial();
export type GroupCatalogues = z.infer<typeof GroupCatalogues>;

const catalogue = <T extends string>(type: T) => z.array(resourceOf(type, z.object({ name: z.string() }))).optional();

export const GroupAttributes = attributesOf(GroupFields, {
  user_count: z.number(),
  catalogue_count: z.number(),
  data_catalogue_count: z.number(),
  tool_catalogue_count: z.number(),
  catalogue_names: z.array(z.string()),
  data_catalogue_names: z.array(z.string()),
  tool_catalogue_names: z.array(z.string()),
  /** Only in answers with one group. */
  catalogues: catalogue("catalogues"),
  data_catalogues: catalogue("data-catalogues"),
  tool_catalogues: catalogue("tool-catalogues"),
  /** The group that everybody is in: it can be neither renamed nor deleted. */
  is_default: z.boolean(),
  ...timestamps,
});
export type GroupAttributes = z.infer<typeof GroupAttributes>;

/** Each list replaces all that the group had. */
export const GroupPatch = patchOf(sent, { shown: GroupAttributes });
export type GroupPatch = z.infer<typeof GroupPatch>;

const kept = { self_service: false, members: undefined, catalogues: undefined, data_catalogues: undefined, tool_catalogues: undefined };

/** Without `members`, or the catalogues of a kind, these stay. */
export const GroupReplacement = replacementOf(sent, kept, { shown: GroupAttributes });

export const GroupResource = resourceOf("groups", GroupAttributes);
export type GroupResource = z.infer<typeof GroupResource>;
