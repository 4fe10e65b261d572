"use client";

import "@mantine/spotlight/styles.layer.css";
import { useMantineColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { createSpotlight, Spotlight } from "@mantine/spotlight";
import { kindsWithPages, nameIn } from "@portico/protocol/kinds";
import { IconBox, IconMoon, IconPlus, IconPuzzle, IconSearch } from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { q, rowsOf, withParams } from "../api/query.ts";
import type { List, Resource } from "../api/types.ts";
import { useGo } from "../form/dirty-guard.ts";
import { adminNav, portalNav } from "./nav.ts";
import { iconOfPage } from "./page-icons.ts";
import type { Area } from "./shell.tsx";
import { usePluginSections } from "./side-nav.tsx";

type Action = { id: string; label: string; hint?: string; icon: typeof IconPlus; run: () => void };

type Found = { name?: string; model_name?: string; edge_id?: string; email?: string; vendor?: string };

type Searched = {
  root: string;
  path: string;
  group: string;
  icon: typeof IconPlus;
  hrefOf: (row: Resource<Found>) => string;
};

const searchedByAdmins: Searched[] = kindsWithPages.map(({ resource, page }) => ({
  root: resource,
  path: `/api/v1/${resource}`,
  group: page.label,
  icon: iconOfPage(page.path),
  hrefOf: (row) => `/admin/${page.path}/${encodeURIComponent(row.attributes.edge_id ?? row.id)}`,
}));

const searchedByOthers: Searched[] = [
  {
    root: "apps",
    path: "/common/apps",
    group: "My apps",
    icon: IconBox,
    hrefOf: (row) => `/portal/apps?q=${encodeURIComponent(row.attributes.name ?? "")}`,
  },
];

/** Marks the first entry as Spotlight marks the one that the arrow keys reached, unless there is one. */
function selectFirst(list: HTMLElement | null): void {
  if (!list || list.querySelector("[data-selected]")) return;
  list.querySelector("[data-action]")?.setAttribute("data-selected", "true");
  store.updateState((state) => ({ ...state, selected: 0 }));
}

const [store, { open, close }] = createSpotlight();

/** The command palette: every page, every "create", and search through everything that has a page, on the server. */
export function Palette({ area, isAdmin, opened, onClosed }: { area: Area; isAdmin: boolean; opened: boolean; onClosed: () => void }) {
  const go = useGo();
  const { toggleColorScheme } = useMantineColorScheme();
  const [query, setQuery] = useState("");
  const [settled] = useDebouncedValue(query.trim(), 180);
  const sections = usePluginSections(area);
  const searched = isAdmin ? searchedByAdmins : searchedByOthers;
  const results = useQueries({
    queries: searched.map(({ root, path }) => ({
      ...q(root, withParams(path, { q: settled, page_size: 5 })),
      enabled: settled.length > 0,
    })),
  });
  useEffect(() => {
    if (opened) open();
  }, [opened]);
  const goTo = (href: string) => () => go(href);
  const items = [...(isAdmin ? adminNav : []), ...portalNav].flatMap((section) => section.items);
  const pages: Action[] = [
    ...items.map((item) => ({
      id: item.href,
      label: item.href === "/portal" && isAdmin ? "Portal" : item.label,
      icon: item.icon,
      run: goTo(item.href),
      ...(item.key ? { hint: `g ${item.key}` } : {}),
    })),
    ...sections.flatMap((section) =>
      section.sub_items.map((item) => ({ id: item.id, label: item.text, hint: section.label, icon: IconPuzzle, run: goTo(item.path) })),
    ),
  ];
  const commands: Action[] = [
    ...(isAdmin ? items : []).flatMap((item) =>
      item.create ? [{ id: item.create.href, label: item.create.label, icon: IconPlus, run: goTo(item.create.href) }] : [],
    ),
    { id: "theme", label: "Switch between light and dark", icon: IconMoon, run: toggleColorScheme },
  ];
  const matches = (action: Action) => action.label.toLowerCase().includes(query.trim().toLowerCase());
  const found = searched.map(({ root, group, icon, hrefOf }, index) => ({
    group,
    actions: rowsOf(results[index]?.data as List<Found> | undefined).map((row): Action => {
      const { model_name, email, vendor } = row.attributes;
      const hint = email ?? (model_name === undefined ? undefined : vendor);
      return {
        id: `${root}-${row.id}`,
        label: nameIn(row.attributes) ?? `#${row.id}`,
        icon,
        run: goTo(hrefOf(row)),
        ...(hint ? { hint } : {}),
      };
    }),
  }));
  const groups = [
    { group: "Pages", actions: pages.filter(matches) },
    { group: "Actions", actions: commands.filter(matches) },
    ...found,
  ].filter((group) => group.actions.length > 0);

  const isSearching = query.trim() !== settled || results.some((result) => result.isFetching);
  const first = groups[0]?.actions[0];
  const choose = (action: Action) => {
    close();
    action.run();
  };

  // The first entry is the one that Enter runs, also when it comes after the key was pressed.
  const isWaiting = useRef(false);
  const list = useRef<HTMLDivElement>(null);
  const firstId = first?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another first entry, or the end of the search, is the trigger.
  useEffect(() => {
    if (!opened) return;
    if (isWaiting.current && first) {
      isWaiting.current = false;
      return choose(first);
    }
    if (!isSearching) isWaiting.current = false;
    selectFirst(list.current);
  }, [firstId, isSearching, opened]);

  return (
    <Spotlight.Root
      store={store}
      shortcut={null}
      onSpotlightClose={onClosed}
      centered={false}
      yOffset="12vh"
      overlayProps={{ blur: 0 }}
      attributes={{ content: { "aria-label": "Go to anything" } }}
      query={query}
      onQueryChange={(next) => {
        isWaiting.current = false;
        setQuery(next);
      }}
      size={600}
      scrollable
      maxHeight={440}
      transitionProps={{ duration: 120 }}
    >
      <Spotlight.Search
        placeholder="Go to, create, find…"
        aria-label="Go to, create, find"
        leftSection={<IconSearch size={18} aria-hidden />}
        onKeyDown={(event) => {
          if (event.key === "Enter") isWaiting.current = !first && isSearching;
        }}
      />
      <Spotlight.ActionsList ref={list}>
        {groups.map((group) => (
          <Spotlight.ActionsGroup label={group.group} key={group.group}>
            {group.actions.map((action) => (
              <Spotlight.Action
                key={action.id}
                label={action.label}
                leftSection={<action.icon size={17} stroke={1.6} aria-hidden />}
                rightSection={"hint" in action && action.hint ? <span className="eyebrow">{action.hint}</span> : undefined}
                onClick={() => choose(action)}
              />
            ))}
          </Spotlight.ActionsGroup>
        ))}
        {groups.length === 0 && <Spotlight.Empty>{isSearching ? "Searching…" : "Nothing matches."}</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
