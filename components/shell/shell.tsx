"use client";

import { ActionIcon, Drawer } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconMenu2, IconSearch } from "@tabler/icons-react";
import dynamic from "next/dynamic";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { type ReactNode, useEffect } from "react";
import type { Me } from "../../server/auth/contract.ts";
import { LiveEvents } from "../api/live-events.tsx";
import { Mark } from "../ui/mark.tsx";
import { Crumbs, CrumbsProvider } from "./crumbs.tsx";
import { OfflineBar } from "./offline-bar.tsx";
import { openPalette } from "./open-palette.ts";
import { PaletteHost } from "./palette-host.tsx";
import classes from "./shell.module.css";
import { Shortcuts } from "./shortcuts.tsx";
import { SideNav } from "./side-nav.tsx";
import { ThemeSwitch, UserMenu } from "./user-menu.tsx";

// The page can be used without it.
const NotificationBell = dynamic(() => import("../notifications/bell.tsx").then((module) => module.NotificationBell), { ssr: false });

export type Area = "admin" | "portal";

/** The frame every signed-in page stands in: side navigation, top bar, breadcrumbs, palette and shortcuts. */
export function Shell({ me, area, children }: { me: Me; area: Area; children: ReactNode }) {
  const pathname = usePathname();
  const [opened, { open, close }] = useDisclosure(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: arriving somewhere closes the menu that led there.
  useEffect(close, [pathname]);
  const areas: { id: Area; label: string; href: string }[] = [
    ...(me.attributes.is_admin ? [{ id: "admin" as const, label: "Admin", href: "/admin" }] : []),
    { id: "portal", label: "Portal", href: "/portal" },
  ];
  return (
    <CrumbsProvider>
      <a className={classes.skip} href="#main">
        Skip to content
      </a>
      <div className={classes.shell}>
        <aside className={classes.side}>
          <Link href={area === "admin" ? "/admin" : "/portal"} className={classes.brand} prefetch={false}>
            <Mark size={20} />
            Portico
          </Link>
          <SideNav area={area} label="Pages" />
        </aside>
        <header className={classes.top}>
          <ActionIcon className={classes.burger} aria-label="Open navigation" onClick={open}>
            <IconMenu2 size={20} />
          </ActionIcon>
          {areas.length > 1 && (
            <nav aria-label="Areas" className={classes.areas}>
              {areas.map((each) => (
                <Link key={each.id} href={each.href} prefetch={false} aria-current={each.id === area ? "true" : undefined}>
                  {each.label}
                </Link>
              ))}
            </nav>
          )}
          <div className={classes.crumbs}>
            <Crumbs area={area} />
          </div>
          <button type="button" className={classes.find} onClick={openPalette} aria-keyshortcuts="Control+K">
            <IconSearch size={15} aria-hidden />
            <span>Go to anything</span>
            <kbd>Ctrl K</kbd>
          </button>
          <NotificationBell />
          <ThemeSwitch />
          <UserMenu me={me} />
        </header>
        <main id="main" className={classes.main} tabIndex={-1}>
          <OfflineBar />
          <div className={classes.column}>{children}</div>
        </main>
      </div>
      <Drawer
        opened={opened}
        onClose={close}
        size={280}
        title={
          <span className={classes.brand}>
            <Mark size={20} />
            Portico
          </span>
        }
        closeButtonProps={{ "aria-label": "Close navigation" }}
      >
        <SideNav area={area} label="Pages, menu" />
      </Drawer>
      <PaletteHost area={area} isAdmin={me.attributes.is_admin} />
      <Shortcuts area={area} />
      {me.attributes.is_admin && <LiveEvents />}
    </CrumbsProvider>
  );
}
