"use client";

import { useComputedColorScheme } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useRouter } from "next/navigation";
import { useMemo } from "react";

const colorOf = { info: "info", success: "good", warning: "warn", error: "bad" } as const;

/** What a plugin's element may ask of the page around it, the same for trusted and sandboxed ones. */
export function usePageContext(basePath: string, pluginName: string) {
  const router = useRouter();
  const scheme = useComputedColorScheme("light", { getInitialValueInEffect: false });
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
