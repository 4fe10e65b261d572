import { z } from "zod";

/** How an element is mounted, as the manifest says it. */
export const MountConfig = z.object({
  /** webc, module-federation or iframe. */
  kind: z.string(),
  tag: z.string().optional(),
  entry: z.string().optional(),
  props: z.record(z.string(), z.unknown()).optional(),
  remote: z.string().optional(),
  exposed: z.string().optional(),
  app: z.string().optional(),
  /** Title of the page. */
  title: z.string().optional(),
  /** Label and icon of the section of the menu. */
  label: z.string().optional(),
  icon: z.string().optional(),
});
export type MountConfig = z.infer<typeof MountConfig>;

/** A page that a plugin supplies: where it is mounted, and the element that fills it. */
export const PluginUiEntry = z.object({
  id: z.number(),
  plugin_id: z.number(),
  slot_type: z.string(),
  route_pattern: z.string(),
  component_tag: z.string(),
  entry_point: z.string(),
  mount_config: MountConfig,
  is_active: z.literal(true),
  load_priority: z.number(),
  scope: z.enum(["admin", "portal"]),
  /** null in the admin area; in the portal those that the reader is in. */
  allowed_groups: z.array(z.string()).nullable(),
  ui_trusted: z.boolean(),
  /** Immutable address of the entry point's bytes; changes when they do. */
  entry_url: z.string().nullable(),
  /** Subresource integrity of those bytes, e.g. `sha384-…`. */
  entry_integrity: z.string().nullable(),
  entry_type: z.enum(["classic", "module"]).nullable(),
  /** Page of the sandboxed frame the element runs in unless it is trusted. */
  frame_url: z.string().nullable(),
  /** Why the page cannot be shown now, in a sentence; "" when it can. */
  unavailable: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  plugin: z.object({ id: z.number(), name: z.string(), slug: z.string(), description: z.string(), ui_trusted: z.boolean() }),
});
export type PluginUiEntry = z.infer<typeof PluginUiEntry>;

export const SidebarSection = z.object({
  id: z.string(),
  label: z.string(),
  icon: z.string(),
  icon_url: z.string().nullable(),
  plugin_id: z.number(),
  plugin_name: z.string(),
  sub_items: z.array(
    z.object({
      id: z.string(),
      text: z.string(),
      path: z.string(),
      component_tag: z.string(),
      entry_point: z.string(),
      mount_config: MountConfig,
    }),
  ),
});
export type SidebarSection = z.infer<typeof SidebarSection>;

/** What the plugin answered. */
export const RpcAnswer = z.object({ data: z.unknown() });
