import type { MantineColorScheme, MantineColorSchemeManager } from "@mantine/core";

const cookieName = "portico-theme";
const yearSeconds = 31_536_000;

/** The colour scheme a cookie's value stands for; anything unknown follows the system. */
export const schemeFromCookie = (value: string | undefined): MantineColorScheme => (value === "light" || value === "dark" ? value : "auto");

/** Keeps the chosen scheme in a cookie, so that the server paints the first page right. */
export function cookieSchemeManager(): MantineColorSchemeManager {
  const channel = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel(cookieName);
  return {
    get: (fallback) => {
      if (typeof document === "undefined") return fallback;
      const pair = document.cookie.split("; ").find((entry) => entry.startsWith(`${cookieName}=`));
      return schemeFromCookie(pair?.slice(cookieName.length + 1));
    },
    set: (scheme) => {
      // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every supported browser.
      document.cookie = `${cookieName}=${scheme}; path=/; max-age=${yearSeconds}; samesite=lax`;
      channel?.postMessage(scheme);
    },
    subscribe: (onUpdate) => {
      if (channel) channel.onmessage = (event: MessageEvent<unknown>) => onUpdate(schemeFromCookie(String(event.data)));
    },
    unsubscribe: () => {
      if (channel) channel.onmessage = null;
    },
    clear: () => {
      // biome-ignore lint/suspicious/noDocumentCookie: as above.
      document.cookie = `${cookieName}=; path=/; max-age=0; samesite=lax`;
    },
  };
}
