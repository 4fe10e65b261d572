"use client";

import { useEffect, useRef, useState } from "react";
import { messageOf } from "../api/http.ts";
import type { FrameTheme } from "./frame-host.ts";
import { loadElement } from "./load-element.ts";
import { callPlugin, dataAttributes, pluginTheme } from "./plugin-api.ts";
import classes from "./plugin-slot.module.css";
import type { MountProps } from "./plugin-slot.tsx";
import { SlotLoading } from "./slot-states.tsx";
import { usePageContext } from "./use-page-context.ts";

const timeoutMs = 10_000;
const kinds = ["info", "success", "warning", "error"] as const;

/** A plugin's element in the page itself: same document, same rights. Only for plugins an administrator trusts. */
export function TrustedMount({ row, area, basePath, subPath, script, onFail }: MountProps) {
  const host = useRef<HTMLDivElement>(null);
  const element = useRef<HTMLElement | null>(null);
  const [ready, setReady] = useState(false);
  const { scheme, actions } = usePageContext(basePath, row.plugin?.name ?? "Plugin");
  const now = useRef<{ subPath: string; theme: FrameTheme | null; actions: typeof actions }>({ subPath, theme: null, actions });
  now.current.actions = actions;
  const tag = row.component_tag;

  // biome-ignore lint/correctness/useExhaustiveDependencies: another page or other bytes are another mount, nothing else is.
  useEffect(() => {
    let gone = false;
    now.current.theme = pluginTheme(scheme);
    // The same as sandboxed elements get (server/plugins/pages/frame/bridge.js): an element cannot tell which it is.
    const api = Object.freeze({
      call: (method: string, payload?: unknown) => callPlugin(row.plugin_id, area, method, payload),
      navigate: (to: string) => now.current.actions.toRoute(String(to)),
      notify: (message: string, kind?: string) => now.current.actions.notify(String(message), kinds.find((one) => one === kind) ?? "info"),
      get theme() {
        return now.current.theme;
      },
      get context() {
        return Object.freeze({ area, locale: document.documentElement.lang, subPath: now.current.subPath });
      },
    });
    loadElement(tag, script, timeoutMs)
      .then(() => {
        if (gone || !host.current) return;
        const made = document.createElement(tag);
        // Before it is connected: an element may call its plugin from its first moment.
        Object.defineProperty(made, area === "portal" ? "portalPluginAPI" : "pluginAPI", { value: api, enumerable: true });
        for (const [name, value] of dataAttributes(row.mount_config.props)) made.setAttribute(name, value);
        made.setAttribute("data-sub-path", now.current.subPath);
        element.current = made;
        host.current.replaceChildren(made);
        setReady(true);
      })
      .catch((error: unknown) => {
        if (!gone) onFail(messageOf(error));
      });
    return () => {
      gone = true;
      element.current?.remove();
      element.current = null;
    };
  }, [tag, row.plugin_id, area, script.url]);

  // Links inside the element, as the sandboxed frame follows them: below the page's own path, elsewhere in the dashboard, or away.
  useEffect(() => {
    const place = host.current;
    const follow = (event: MouseEvent) => {
      const link = event.composedPath().find((node) => node instanceof HTMLAnchorElement);
      const href = link?.getAttribute("href") ?? "";
      if (!link || href === "" || href.startsWith("#") || event.defaultPrevented) return;
      event.preventDefault();
      const { toRoute, toPage, open } = now.current.actions;
      const to = URL.canParse(link.href) ? new URL(link.href) : undefined;
      if (!to) return;
      if (to.origin !== location.origin) open(to.href);
      else if (/^\s*[/\\]|^\s*[a-z]+:/i.test(href)) toPage(to.pathname + to.search + to.hash);
      else toRoute(href);
    };
    place?.addEventListener("click", follow);
    return () => place?.removeEventListener("click", follow);
  }, []);

  useEffect(() => {
    if (now.current.subPath === subPath) return;
    now.current.subPath = subPath;
    element.current?.setAttribute("data-sub-path", subPath);
    element.current?.dispatchEvent(new CustomEvent("portico-route", { detail: { subPath } }));
  }, [subPath]);

  useEffect(() => {
    now.current.theme = pluginTheme(scheme);
    element.current?.dispatchEvent(new CustomEvent("portico-theme", { detail: now.current.theme }));
  }, [scheme]);

  return (
    <>
      {!ready && <SlotLoading />}
      <div ref={host} className={classes.host} />
    </>
  );
}
