"use client";

import { notifications } from "@mantine/notifications";
import { useRouter } from "next/navigation";
import { useMemo, useSyncExternalStore } from "react";

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

/** What a plugin's element may ask of the page around it, the same for trusted and sandboxed ones. */
export function usePageContext(basePath: string, pluginName: string) {
  const router = useRouter();
  const scheme = useShownScheme();
  const actions = useMemo(
    () => ({
      // Not through the router, for which another address is another page: the element stays, and is told.
      toRoute: (subPath: string) => {
        const rest = subPath.replace(/^\/+/, "");
        window.history.pushState(null, "", rest === "" ? basePath : `${basePath}/${rest}`);
      },
      // Pages of this site only: a path may not begin another host.
      toPage: (path: string) => {
        if (/^\/(?![/\\])/.test(path)) router.push(path);
      },
      open: (url: string) => void window.open(url, "_blank", "noopener,noreferrer"),
      notify: (message: string, kind: keyof typeof colorOf) =>
        void notifications.show({ title: pluginName, message, color: colorOf[kind] ?? "info", withBorder: false }),
    }),
    [router, basePath, pluginName],
  );
  return { scheme, actions };
}
