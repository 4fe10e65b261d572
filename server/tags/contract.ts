import { z } from "zod";
import { attributesOf, draftOf, patchOf, replacementOf, timestamps } from "../fields/contract/resource.ts";
import { text } from "../fields/contract.ts";
import { resourceOf } from "../http/contract.ts";

export const TagFields = { name: text(120).min(1, "is required") };

export const TagDraft = draftOf(TagFields, {});
export type TagDraft = z.infer<typeof TagDraft>;

export const TagAttributes = attributesOf(TagFields, timestamps);
export type TagAttributes = z.infer<typeof TagAttributes>;

export const TagPatch = patchOf(TagFields, { shown: TagAttributes });
export type TagPatch = z.infer<typeof TagPatch>;

export const TagReplacement = replacementOf(TagFields, {}, { shown: TagAttributes });

export const TagResource = resourceOf("tags", TagAttributes);
export type TagResource = z.infer<typeof TagResource>;

/** What a search by the beginning of a name asks for. */
export const TagSearch = z.object({ name: z.string("is required").trim().min(1, "is required").max(120) });
