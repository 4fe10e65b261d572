import { notFound } from "next/navigation";
import { api } from "../components/api/query.ts";
import { matchRoute } from "../components/plugins/match-route.ts";
import { PluginPage } from "../components/plugins/plugin-page.tsx";
import type { PluginUiEntry } from "../server/plugins/contract/pages.ts";
import { door } from "./door.ts";
import { Prefetched } from "./prefetch.tsx";

type Area = "admin" | "portal";

const registryOf = { admin: api.registry, portal: api.portalRegistry };
const addressOf = { admin: "/api/v1/plugins/ui-registry", portal: "/common/plugins/portal-ui-registry" };

/** The page that a plugin supplies at an address, or above it. */
async function pluginRow(area: Area, path: string[]): Promise<PluginUiEntry | null> {
  const response = await door(addressOf[area]);
  if (!response.ok) throw new Error(`The plugins' pages could not be read (${response.status}).`);
  const { data } = (await response.json()) as { data: PluginUiEntry[] | null };
  return matchRoute(data ?? [], `/${area}/${path.join("/")}`)?.row ?? null;
}

const Shown = ({ area }: { area: Area }) => (
  <Prefetched keys={[registryOf[area]]}>
    <PluginPage area={area} />
  </Prefetched>
);

type Params = { params: Promise<{ path: string[] }> };
const pathOf = async ({ params }: Params) => (await params).path.map(decodeURIComponent);

/** Page and title for every address of an area that none of our own pages has. */
export const catchAll = (area: Area) => ({
  async generateMetadata(params: Params) {
    const row = await pluginRow(area, await pathOf(params));
    return { title: row?.mount_config.title ?? row?.plugin?.name ?? "Not found" };
  },
  async Page(params: Params) {
    if (!(await pluginRow(area, await pathOf(params)))) notFound();
    return <Shown area={area} />;
  },
});

/**
 * The plugin's page at an address that has the form of one of our detail pages, `/admin/plugins/my-plugin`. Our own ids are numbers, or are
 * looked up by `isOwn`: what is ours is never covered by a plugin. @returns undefined where the address is ours.
 */
export async function pluginPageAt(root: string, id: string, isOwn: () => Promise<boolean> = async () => false) {
  if (/^\d+$/.test(id) || !(await pluginRow("admin", [root, id])) || (await isOwn())) return undefined;
  return <Shown area="admin" />;
}
