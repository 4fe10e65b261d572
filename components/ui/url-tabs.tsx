"use client";

import { Tabs } from "@mantine/core";
import { usePathname } from "next/navigation";
import type { ReactNode } from "react";
import { useSearch } from "./use-search.ts";

/** Tabs whose choice is in the address. The first is the one without a parameter. */
export function UrlTabs({ label, tabs }: { label: string; tabs: { id: string; label: string; content: ReactNode }[] }) {
  const params = useSearch();
  const pathname = usePathname();
  const first = tabs[0]?.id ?? "";
  const wanted = params.get("tab");
  const value = tabs.some((tab) => tab.id === wanted) ? wanted : first;
  return (
    <Tabs
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
        <Tabs.Panel value={tab.id} key={tab.id}>
          {tab.content}
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
