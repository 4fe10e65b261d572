import type { FilterInfo } from "@portico/protocol/studio-management";
import { parseInput } from "../fields/input-error.ts";
import { operation } from "../grpc/operation.ts";
import { changesOf, idOf, listQueryOf } from "../grpc/requests.ts";
import { FilterDraft, FilterPatch } from "./contract.ts";
import type { FilterService } from "./service.ts";
import type { Filter } from "./store.ts";

const toInfo = (filter: Filter): FilterInfo => ({
  id: filter.id,
  name: filter.name,
  description: filter.description,
  script: filter.script,
  isActive: filter.active,
  // The order is the LLM's, not the filter's.
  orderIndex: 0,
  namespace: filter.namespace,
  llmIds: filter.llms.map(({ id }) => id),
  createdAt: filter.createdAt,
  updatedAt: filter.updatedAt,
  responseFilter: filter.responseFilter,
});

const filterId = (id: number) => idOf(id, "filter_id", "Filter");
/** Plain text on this wire. */
const encoded = (script: string): string => Buffer.from(script, "utf8").toString("base64");

/** Filters for plugins. */
export const filterOperations = ({ filters }: { filters: FilterService }) => [
  operation({
    rpc: "listFilters",
    scope: "filters.read",
    async handle(_call, { isActive, ...paging }) {
      // An absent flag is false on this wire: it asks for no more than it must.
      const { items, total } = await filters.list(listQueryOf(paging), isActive ? { active: true } : {});
      return { filters: items.map(toInfo), totalCount: total };
    },
  }),
  operation({
    rpc: "getFilter",
    scope: "filters.read",
    handle: async (_call, request) => ({ filter: toInfo(await filters.get(filterId(request.filterId))) }),
  }),
  operation({
    rpc: "createFilter",
    scope: "filters.write",
    audit: true,
    async handle({ actor }, { name, description, script, responseFilter, namespace }) {
      const draft = parseInput(FilterDraft, { name, description, script: encoded(script), response_filter: responseFilter, namespace });
      return { filter: toInfo(await filters.create(actor, draft)) };
    },
  }),
  operation({
    rpc: "updateFilter",
    scope: "filters.write",
    audit: true,
    async handle({ actor }, { filterId: id, name, description, script, responseFilter, namespace }) {
      const changes = changesOf({ name, description, script: encoded(script), response_filter: responseFilter, namespace });
      return { filter: toInfo(await filters.update(actor, filterId(id), parseInput(FilterPatch, changes))) };
    },
  }),
  operation({
    rpc: "deleteFilter",
    scope: "filters.write",
    audit: true,
    async handle({ actor }, request) {
      await filters.delete(actor, filterId(request.filterId));
      return { success: true, message: "Filter deleted" };
    },
  }),
];
