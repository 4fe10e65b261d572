import { kindsWithPages, pageSections } from "@portico/protocol/kinds";
import { IconApps, IconBooks, IconBox, IconChartHistogram, IconChartLine, IconListDetails } from "@tabler/icons-react";
import { iconOfPage } from "./page-icons.ts";

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

const pagesIn = (section: (typeof pageSections)[number]): NavItem[] =>
  kindsWithPages.flatMap(({ noun, page }) =>
    page.section === section
      ? [
          {
            label: page.label,
            href: `/admin/${page.path}`,
            icon: iconOfPage(page.path),
            create: { label: page.create ?? `Create ${noun}`, href: `/admin/${page.path}/new` },
            ...(page.key ? { key: page.key } : {}),
          },
        ]
      : [],
  );

const calls: NavItem = { label: "Calls", href: "/admin/calls", icon: IconListDetails, key: "c" };

export const adminNav: NavSection[] = [
  {
    label: null,
    items: [
      { label: "Overview", href: "/admin", icon: IconChartLine, key: "o" },
      { label: "Analytics", href: "/admin/analytics", icon: IconChartHistogram, key: "y" },
    ],
  },
  ...pageSections.map((label) => ({ label, items: [...(label === "Traffic" ? [calls] : []), ...pagesIn(label)] })),
];

export const portalNav: NavSection[] = [
  {
    label: null,
    items: [
      { label: "Home", href: "/portal", icon: IconApps, key: "h" },
      { label: "Catalogue", href: "/portal/catalogue", icon: IconBooks, key: "c" },
      { label: "My apps", href: "/portal/apps", icon: IconBox, key: "m", create: { label: "Create app", href: "/portal/apps/new" } },
    ],
  },
];

/** Whether the address is this entry's page or one below it. */
export const isAt = (href: string, pathname: string): boolean =>
  href === "/admin" || href === "/portal" ? pathname === href : pathname === href || pathname.startsWith(`${href}/`);
