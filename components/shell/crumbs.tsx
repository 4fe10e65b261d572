"use client";

import Link from "next/link";
import { usePathname } from "next/navigation";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { adminNav, isAt, portalNav } from "./nav.ts";
import type { Area } from "./shell.tsx";
import { usePluginSections } from "./side-nav.tsx";

export type Crumb = { label: string; href?: string };

const CrumbsContext = createContext<{ tail: Crumb[]; setTail: (tail: Crumb[]) => void }>({ tail: [], setTail: () => {} });

export function CrumbsProvider({ children }: { children: ReactNode }) {
  const [tail, setTail] = useState<Crumb[]>([]);
  const value = useMemo(() => ({ tail, setTail }), [tail]);
  return <CrumbsContext value={value}>{children}</CrumbsContext>;
}

/** A page's own part of the breadcrumbs, after its section: a name, "Edit". */
export function useCrumbs(tail: Crumb[]): void {
  const { setTail } = useContext(CrumbsContext);
  const key = JSON.stringify(tail);
  useEffect(() => {
    setTail(JSON.parse(key) as Crumb[]);
    return () => setTail([]);
  }, [key, setTail]);
}

export function Crumbs({ area }: { area: Area }) {
  const pathname = usePathname();
  const { tail } = useContext(CrumbsContext);
  const plugins = usePluginSections(area);
  const root = area === "admin" ? "/admin" : "/portal";
  const item = (area === "admin" ? adminNav : portalNav)
    .flatMap((section) => section.items)
    .find((each) => each.href !== root && isAt(each.href, pathname));
  const section = plugins.find((each) => each.sub_items.some((sub) => isAt(sub.path, pathname)));
  const page = section?.sub_items.find((sub) => isAt(sub.path, pathname));
  const crumbs: Crumb[] = [
    ...(item ? [{ label: item.label, href: item.href }] : []),
    // A section of one page often has that page's name; once is enough.
    ...(section && page && section.label !== page.text ? [{ label: section.label }] : []),
    ...(page ? [{ label: page.text, href: page.path }] : []),
    ...tail,
  ];
  if (crumbs.length < 2) return null;
  return (
    <nav aria-label="Breadcrumbs">
      <ol>
        {crumbs.map((crumb, index) => (
          <li key={crumb.href ?? crumb.label}>
            {crumb.href && index < crumbs.length - 1 ? (
              <Link href={crumb.href}>{crumb.label}</Link>
            ) : (
              <span aria-current={index === crumbs.length - 1 ? "page" : undefined}>{crumb.label}</span>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}
