import {
  IconApps,
  IconBox,
  IconChartLine,
  IconCoin,
  IconListDetails,
  IconPlug,
  IconServer,
  IconSparkles,
  IconUser,
  IconUsersGroup,
} from "@tabler/icons-react";

export type NavItem = {
  label: string;
  href: string;
  icon: typeof IconApps;
  /** Pressed after `g`, goes there. */
  key?: string;
  /** A page where one is made, and what the palette calls that. */
  create?: { label: string; href: string };
};
export type NavSection = { label: string | null; items: NavItem[] };

export const adminNav: NavSection[] = [
  { label: null, items: [{ label: "Overview", href: "/admin", icon: IconChartLine, key: "o" }] },
  {
    label: "Models",
    items: [
      { label: "LLMs", href: "/admin/llms", icon: IconSparkles, key: "l", create: { label: "Create LLM", href: "/admin/llms/new" } },
      { label: "Prices", href: "/admin/prices", icon: IconCoin, key: "r", create: { label: "Create price", href: "/admin/prices/new" } },
    ],
  },
  {
    label: "Traffic",
    items: [
      { label: "Calls", href: "/admin/calls", icon: IconListDetails, key: "c" },
      { label: "Apps", href: "/admin/apps", icon: IconBox, key: "a", create: { label: "Create app", href: "/admin/apps/new" } },
      {
        label: "Plugins",
        href: "/admin/plugins",
        icon: IconPlug,
        key: "p",
        create: { label: "Install plugin", href: "/admin/plugins/new" },
      },
      { label: "Edges", href: "/admin/edges", icon: IconServer, key: "e", create: { label: "Create edge", href: "/admin/edges/new" } },
    ],
  },
  {
    label: "People",
    items: [
      { label: "Users", href: "/admin/users", icon: IconUser, key: "u", create: { label: "Create user", href: "/admin/users/new" } },
      {
        label: "Groups",
        href: "/admin/groups",
        icon: IconUsersGroup,
        key: "t",
        create: { label: "Create group", href: "/admin/groups/new" },
      },
    ],
  },
];

export const portalNav: NavSection[] = [
  {
    label: null,
    items: [
      { label: "Home", href: "/portal", icon: IconApps, key: "h" },
      { label: "My apps", href: "/portal/apps", icon: IconBox, key: "m" },
    ],
  },
];

/** Whether the address is this entry's page or one below it. */
export const isAt = (href: string, pathname: string): boolean =>
  href === "/admin" || href === "/portal" ? pathname === href : pathname === href || pathname.startsWith(`${href}/`);
