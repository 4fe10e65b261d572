import type { CatalogueKind } from "../catalogues/kinds.ts";
import type { GroupResource } from "./contract.ts";
import type { Group } from "./store.ts";

const ofKind = ({ catalogues }: Group, kind: CatalogueKind) => catalogues.filter((catalogue) => catalogue.kind === kind);
const namesOf = (group: Group, kind: CatalogueKind) => ofKind(group, kind).map(({ name }) => name);
const resourcesOf = <T extends string>(group: Group, kind: CatalogueKind, type: T) =>
  ofKind(group, kind).map(({ id, name }) => ({ type, id: String(id), attributes: { name } }));

/** For lists. */
export const toResource = (group: Group): GroupResource => ({
  type: "groups",
  id: String(group.id),
  attributes: {
    name: group.name,
    self_service: group.selfService,
    user_count: group.userCount,
    catalogue_count: ofKind(group, "catalogue").length,
    data_catalogue_count: ofKind(group, "data_catalogue").length,
    tool_catalogue_count: ofKind(group, "tool_catalogue").length,
    catalogue_names: namesOf(group, "catalogue"),
    data_catalogue_names: namesOf(group, "data_catalogue"),
    tool_catalogue_names: namesOf(group, "tool_catalogue"),
    is_default: group.isDefault,
    created_at: group.createdAt.toISOString(),
    updated_at: group.updatedAt.toISOString(),
  },
});

/** With its catalogues. */
export function toWhole(group: Group): GroupResource {
  const resource = toResource(group);
  return {
    ...resource,
    attributes: {
      ...resource.attributes,
      catalogues: resourcesOf(group, "catalogue", "catalogues"),
      data_catalogues: resourcesOf(group, "data_catalogue", "data-catalogues"),
      tool_catalogues: resourcesOf(group, "tool_catalogue", "tool-catalogues"),
    },
  };
}
