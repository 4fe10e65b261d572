"use client";

import { Tabs } from "@mantine/core";
import { usePathname } from "next/navigation";
import { type ReactNode, useState } from "react";
import { useSearch } from "./use-search.ts";

export type UrlTab = {
  id: string;
  label: string;
  content: ReactNode;
  /** Stays as it is while another tab is shown, for what is edited on it. */
  keeps?: boolean;
};

/** Tabs whose choice is in the address. The first is the one without a parameter. */
export function UrlTabs({ label, tabs }: { label: string; tabs: UrlTab[] }) {
  const params = useSearch();
  const pathname = usePathname();
  const first = tabs[0]?.id ?? "";
  const wanted = params.get("tab");
  const value = tabs.some((tab) => tab.id === wanted) ? wanted : first;
  const [seen, setSeen] = useState<string[]>([]);
  if (value !== null && !seen.includes(value)) setSeen([...seen, value]);
  return (
    <Tabs
      // Hidden otherwise, a panel would lose its effects, and what guards unsaved changes is one.
      keepMountedMode="display-none"
      value={value}
      onChange={(tab) => {
        window.history.replaceState(null, "", !tab || tab === first ? pathname : `${pathname}?tab=${tab}`);
      }}
    >
      <Tabs.List aria-label={label} mb={20}>
        {tabs.map((tab) => (
          <Tabs.Tab value={tab.id} key={tab.id}>
            {tab.label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map((tab) => (
        <Tabs.Panel value={tab.id} key={tab.id} keepMounted={tab.keeps === true && seen.includes(tab.id)}>
          {tab.content}
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
