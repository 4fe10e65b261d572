import { invalid } from "@portico/core";
import type { TagInfo } from "@portico/protocol/studio-management";
import { parseInput } from "../fields/input-error.ts";
import { operation } from "../grpc/operation.ts";
import { changesOf, idOf, listQueryOf } from "../grpc/requests.ts";
import { TagDraft, TagPatch } from "./contract.ts";
import type { TagService } from "./service.ts";
import type { Tag } from "./store.ts";

const toInfo = ({ id, name, createdAt, updatedAt }: Tag): TagInfo => ({ id, name, createdAt, updatedAt });
const tagId = (id: number) => idOf(id, "tag_id", "Tag");

/** Tags for plugins. */
export const tagOperations = ({ tags }: { tags: TagService }) => [
  operation({
    rpc: "listTags",
    scope: "tags.read",
    async handle(_call, paging) {
      const { items, total } = await tags.list(listQueryOf(paging), {});
      return { tags: items.map(toInfo), totalCount: total };
    },
  }),
  operation({
    rpc: "getTag",
    scope: "tags.read",
    handle: async (_call, request) => ({ tag: toInfo(await tags.get(tagId(request.tagId))) }),
  }),
  operation({
    rpc: "searchTags",
    scope: "tags.read",
    async handle(_call, { query }) {
      const name = query.trim();
      if (name === "") throw invalid("query", "is required");
      return { tags: (await tags.search(name)).map(toInfo) };
    },
  }),
  operation({
    rpc: "createTag",
    scope: "tags.write",
    audit: true,
    handle: async ({ actor }, { name }) => ({ tag: toInfo(await tags.create(actor, parseInput(TagDraft, { name }))) }),
  }),
  operation({
    rpc: "updateTag",
    scope: "tags.write",
    audit: true,
    async handle({ actor }, request) {
      const id = tagId(request.tagId);
      return { tag: toInfo(await tags.update(actor, id, parseInput(TagPatch, changesOf({ name: request.name })))) };
    },
  }),
  operation({
    rpc: "deleteTag",
    scope: "tags.write",
    audit: true,
    async handle({ actor }, request) {
      await tags.delete(actor, tagId(request.tagId));
      return { success: true, message: "Tag deleted" };
    },
  }),
];
