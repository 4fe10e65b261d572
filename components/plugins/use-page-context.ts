"use client";

import { notifications } from "@mantine/notifications";
import type { ConfirmRequest } from "@portico/plugin-bridge";
import { useMemo, useSyncExternalStore } from "react";
import { useGo } from "../form/dirty-guard.ts";
import { destinationOf, pagePath, routePath } from "../shell/links.ts";
import { openPalette } from "../shell/open-palette.ts";
import { askForPlugin } from "./ask.tsx";
import { askToLeave } from "./leave.tsx";

const colorOf = { info: "info", success: "good", warning: "warn", error: "bad" } as const;

const schemeName = "data-mantine-color-scheme";

function onSchemeChange(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributeFilter: [schemeName] });
  return () => observer.disconnect();
}

/** What the page is coloured by: when this changes, its colours can be read, which is not so when the system's scheme has just changed. */
const useShownScheme = () =>
  useSyncExternalStore<"light" | "dark">(
    onSchemeChange,
    () => (document.documentElement.getAttribute(schemeName) === "dark" ? "dark" : "light"),
    () => "light",
  );

/** For the plugin's author; the person on the page has seen nothing happen. */
const refused = (pluginName: string, address: string) =>
  console.warn(
    `${pluginName}: links lead to places on its own page, to /admin/… and /portal/…, or to http, https and mailto; not to`,
    address,
  );

/** What a plugin's element may ask of the page around it, the same for trusted and sandboxed ones. */
export function usePageContext(basePath: string, pluginName: string) {
  const go = useGo();
  const scheme = useShownScheme();
  const actions = useMemo(
    () => ({
      // Not through the router, for which another address is another page: the element stays, and is notified.
      toRoute: (subPath: string) => {
        const address = routePath(basePath, subPath);
        if (address) window.history.pushState(null, "", address);
        else refused(pluginName, subPath);
      },
      toPage: (path: string) => {
        const address = pagePath(path);
        if (address) go(address);
        else refused(pluginName, path);
      },
      open: (url: string) => {
        const destination = destinationOf(url);
        if (destination) askToLeave(pluginName, destination);
        else refused(pluginName, url);
      },
      confirm: (request: ConfirmRequest) => askForPlugin(pluginName, request),
      // A page cannot put it in somebody's way: a key must have been pressed just now.
      palette: () => navigator.userActivation?.isActive === true && openPalette(),
      notify: (message: string, kind: keyof typeof colorOf) =>
        void notifications.show({ title: pluginName, message, color: colorOf[kind] ?? "info", withBorder: false }),
    }),
    [go, basePath, pluginName],
  );
  return { scheme, actions };
}
