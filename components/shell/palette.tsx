"use client";

import { useMantineColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { Spotlight, spotlight } from "@mantine/spotlight";
import { IconBox, IconMoon, IconPlug, IconPlus, IconPuzzle, IconSearch, IconSparkles } from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { q, rowsOf, withParams } from "../api/query.ts";
import type { List } from "../api/types.ts";
import { adminNav, portalNav } from "./nav.ts";
import type { Area } from "./shell.tsx";
import { usePluginSections } from "./side-nav.tsx";

type Action = { id: string; label: string; hint?: string; icon: typeof IconPlus; run: () => void };

const searched = [
  { root: "llms", group: "LLMs", icon: IconSparkles },
  { root: "apps", group: "Apps", icon: IconBox },
  { root: "plugins", group: "Plugins", icon: IconPlug },
] as const;

/** The command palette: every page, every "create", and search through LLMs, apps and plugins on the server. */
export function Palette({ area, isAdmin }: { area: Area; isAdmin: boolean }) {
  const router = useRouter();
  const { toggleColorScheme } = useMantineColorScheme();
  const [query, setQuery] = useState("");
  const [settled] = useDebouncedValue(query.trim(), 180);
  const sections = usePluginSections(area);
  const results = useQueries({
    queries: searched.map(({ root }) => ({
      ...q(root, withParams(`/api/v1/${root}`, { q: settled, page_size: 5 })),
      enabled: isAdmin && settled.length > 0,
    })),
  });
  const go = (href: string) => () => router.push(href);
  const items = [...(isAdmin ? adminNav : []), ...portalNav].flatMap((section) => section.items);
  const pages: Action[] = [
    ...items.map((item) => ({
      id: item.href,
      label: item.href === "/portal" && isAdmin ? "Portal" : item.label,
      icon: item.icon,
      run: go(item.href),
      ...(item.key ? { hint: `g ${item.key}` } : {}),
    })),
    ...sections.flatMap((section) =>
      section.sub_items.map((item) => ({ id: item.id, label: item.text, hint: section.label, icon: IconPuzzle, run: go(item.path) })),
    ),
  ];
  const deeds: Action[] = [
    ...(isAdmin ? items : []).flatMap((item) =>
      item.create ? [{ id: item.create.href, label: item.create.label, icon: IconPlus, run: go(item.create.href) }] : [],
    ),
    { id: "theme", label: "Switch between light and dark", icon: IconMoon, run: toggleColorScheme },
  ];
  const matches = (action: Action) => action.label.toLowerCase().includes(query.trim().toLowerCase());
  const found = searched.map(({ root, group, icon }, index) => ({
    group,
    actions: rowsOf(results[index]?.data as List<{ name: string }> | undefined).map((row) => ({
      id: `${root}-${row.id}`,
      label: row.attributes.name,
      icon,
      run: go(`/admin/${root}/${row.id}`),
    })),
  }));
  const groups = [
    { group: "Pages", actions: pages.filter(matches) },
    { group: "Actions", actions: deeds.filter(matches) },
    ...found,
  ].filter((group) => group.actions.length > 0);
  return (
    <Spotlight.Root
      centered={false}
      yOffset="12vh"
      overlayProps={{ blur: 0 }}
      attributes={{ content: { "aria-label": "Go to anything" } }}
      query={query}
      onQueryChange={setQuery}
      size={600}
      scrollable
      maxHeight={440}
      transitionProps={{ duration: 120 }}
    >
      <Spotlight.Search
        placeholder="Go to, create, find…"
        aria-label="Go to, create, find"
        leftSection={<IconSearch size={18} aria-hidden />}
      />
      <Spotlight.ActionsList>
        {groups.map((group) => (
          <Spotlight.ActionsGroup label={group.group} key={group.group}>
            {group.actions.map((action) => (
              <Spotlight.Action
                key={action.id}
                label={action.label}
                leftSection={<action.icon size={17} stroke={1.6} aria-hidden />}
                rightSection={"hint" in action && action.hint ? <span className="eyebrow">{action.hint}</span> : undefined}
                onClick={() => {
                  spotlight.close();
                  action.run();
                }}
              />
            ))}
          </Spotlight.ActionsGroup>
        ))}
        {groups.length === 0 && (
          <Spotlight.Empty>{results.some((result) => result.isFetching) ? "Searching…" : "Nothing matches."}</Spotlight.Empty>
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
