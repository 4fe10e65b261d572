"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { usePathname } from "next/navigation";
import type { SidebarSection } from "../../server/plugins/contract/pages.ts";
import { api } from "../api/query.ts";
import { adminNav, isAt, portalNav } from "./nav.ts";
import { PluginIcon } from "./plugin-icon.tsx";
import classes from "./shell.module.css";
import type { Area } from "./shell.tsx";

/** The sections that plugins supply to this area. */
export function usePluginSections(area: Area): SidebarSection[] {
  const { data } = useQuery<{ data: SidebarSection[] | null }>(area === "admin" ? api.sidebar : api.portalSidebar);
  return data?.data ?? [];
}

export function SideNav({ area, label }: { area: Area; label: string }) {
  const pathname = usePathname();
  const plugins = usePluginSections(area);
  const sections = area === "admin" ? adminNav : portalNav;
  return (
    <nav className={classes.nav} aria-label={label}>
      {sections.map((section) => (
        <div key={section.label ?? "first"}>
          {section.label && <h2>{section.label}</h2>}
          <ul>
            {section.items.map((item) => (
              <li key={item.href}>
                <Link href={item.href} aria-current={isAt(item.href, pathname) ? "page" : undefined}>
                  <item.icon size={17} stroke={1.6} aria-hidden />
                  {item.label}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
      {plugins.map((section) => (
        <div key={section.id}>
          <h2 className="truncate">{section.label || section.plugin_name}</h2>
          <ul>
            {section.sub_items.map((item) => (
              <li key={item.id}>
                <Link href={item.path} aria-current={isAt(item.path, pathname) ? "page" : undefined} prefetch={false}>
                  <PluginIcon url={section.icon_url} />
                  <span className="truncate">{item.text}</span>
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}
