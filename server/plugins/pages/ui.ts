import { messageOf, withTimeout } from "@portico/core";
import type { Actor } from "../../auth/actor.ts";
import { mayShowPages } from "../catalog/grants.ts";
import type { Plugin, PluginStore, StoredUiRoute } from "../catalog/store.ts";
import type { PluginUiEntry, SidebarSection } from "../contract/pages.ts";
import { assetPath, type Build, type Builds } from "./asset-versions.ts";
import type { Assets } from "./assets.ts";
import { isVisible } from "./rpc.ts";

/** A page list must not wait for a plugin that hangs. */
const buildWaitMs = 5_000;

/** The pages that plugins supply, as the dashboard and the portal mount them. */
export function createPluginUi({
  store,
  builds,
  assets,
  whyDown,
}: {
  store: PluginStore;
  builds: Builds;
  assets: Assets;
  /** Why a plugin has no process, in a sentence; "" when that is not known. */
  whyDown: (plugin: Plugin) => string;
}) {
  async function visibleRoutes(scope: "admin" | "portal", actor: Actor): Promise<StoredUiRoute[]> {
    const routes = (await store.listRoutes(scope)).filter(({ plugin }) => mayShowPages(plugin, scope));
    if (scope === "admin") return routes;
    const groups = await store.groupNames(actor.userId);
    return routes
      .filter(({ allowedGroups }) => isVisible(allowedGroups, groups))
      .map((route) => ({ ...route, allowedGroups: route.allowedGroups.filter((name) => groups.includes(name)) }));
  }

  async function buildsOf(routes: StoredUiRoute[]): Promise<Map<number, Build | string>> {
    const plugins = new Map(routes.map(({ plugin }) => [plugin.id, plugin]));
    const found = await Promise.all(
      [...plugins.values()].map(async (plugin): Promise<[number, Build | string]> => {
        try {
          return [plugin.id, await withTimeout(readBuild(plugin), buildWaitMs, () => new Error("The plugin is not responding."))];
        } catch (error) {
          return [plugin.id, whyDown(plugin) || messageOf(error)];
        }
      }),
    );
    return new Map(found);
  }

  const readBuild = async (plugin: Plugin): Promise<Build> => builds.current(plugin);

  /** Addresses change whenever the files do, so an element can be cached for ever and is never stale. */
  function addresses(route: StoredUiRoute, build: Build | string | undefined) {
    const none = { entry_url: null, entry_integrity: null, entry_type: null, frame_url: null };
    if (build === undefined || typeof build === "string") return { ...none, unavailable: build ?? "The plugin is not running." };
    const path = assetPath(route.entryPoint);
    const entry = path ? build.entries.get(path) : undefined;
    if (!path || !entry) return { ...none, unavailable: `The plugin has no file ${route.entryPoint}.` };
    const { id } = route.plugin;
    const isPage = route.mountConfig.kind === "iframe";
    return {
      entry_url: assets.urlOf(id, build.version, path),
      entry_integrity: entry.integrity,
      entry_type: entry.type,
      frame_url: isPage ? assets.urlOf(id, build.version, path) : assets.frameUrlOf(id, build.version, route.componentTag),
      unavailable: "",
    };
  }

  const iconUrl = ({ id }: Plugin, icon: unknown, build: Build | string | undefined): string | null => {
    const path = typeof icon === "string" && icon.startsWith("/") ? assetPath(icon) : undefined;
    return path && build && typeof build !== "string" && build.sha256.has(path) ? assets.urlOf(id, build.version, path) : null;
  };

  return {
    async registry(scope: "admin" | "portal", actor: Actor): Promise<PluginUiEntry[]> {
      const routes = await visibleRoutes(scope, actor);
      const found = await buildsOf(routes);
      return routes.map((route) => ({
        id: route.id,
        plugin_id: route.plugin.id,
        slot_type: route.slotType,
        route_pattern: route.routePattern,
        component_tag: route.componentTag,
        entry_point: route.entryPoint,
        mount_config: route.mountConfig,
        is_active: true,
        load_priority: route.loadPriority,
        scope: route.scope,
        allowed_groups: scope === "admin" ? null : route.allowedGroups,
        ui_trusted: route.plugin.uiTrusted,
        ...addresses(route, found.get(route.plugin.id)),
        created_at: route.createdAt.toISOString(),
        updated_at: route.updatedAt.toISOString(),
        plugin: {
          id: route.plugin.id,
          name: route.plugin.name,
          slug: route.plugin.slug,
          description: route.plugin.description,
          ui_trusted: route.plugin.uiTrusted,
        },
      }));
    },

    /** One section for each label of a plugin, in a fixed order. */
    async sidebar(scope: "admin" | "portal", actor: Actor): Promise<SidebarSection[]> {
      const slot = scope === "admin" ? "sidebar.section" : "portal_sidebar.section";
      const prefix = scope === "admin" ? "plugin" : "portal_plugin";
      const routes = (await visibleRoutes(scope, actor)).filter(({ slotType }) => slotType === slot);
      const found = await buildsOf(routes);
      const sections = new Map<string, StoredUiRoute[]>();
      for (const route of routes) {
        const key = `${route.plugin.id} ${route.mountConfig.label ?? ""}`;
        sections.set(key, [...(sections.get(key) ?? []), route]);
      }
      const seen = new Map<number, number>();
      return [...sections.values()].flatMap((items) => {
        const [first] = items;
        if (!first) return [];
        const { plugin } = first;
        const nth = (seen.get(plugin.id) ?? 0) + 1;
        seen.set(plugin.id, nth);
        const id = nth === 1 ? `${prefix}_${plugin.id}` : `${prefix}_${plugin.id}_${nth}`;
        const { label, icon } = first.mountConfig;
        return {
          id,
          label: typeof label === "string" && label !== "" ? label : plugin.name,
          icon: typeof icon === "string" ? icon : "",
          icon_url: iconUrl(plugin, icon, found.get(plugin.id)),
          plugin_id: plugin.id,
          plugin_name: plugin.name,
          sub_items: items.map((item) => ({
            id: `${prefix}_${plugin.id}_${item.componentTag}`,
            text: typeof item.mountConfig.title === "string" ? item.mountConfig.title : item.routePattern,
            path: item.routePattern,
            component_tag: item.componentTag,
            entry_point: item.entryPoint,
            mount_config: item.mountConfig,
          })),
        };
      });
    },
  };
}
export type PluginUi = ReturnType<typeof createPluginUi>;
