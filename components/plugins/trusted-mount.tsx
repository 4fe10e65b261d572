"use client";

import { createPluginApi, followLink, setUp, type Theme, type Transport } from "@portico/plugin-bridge";
import { useEffect, useRef, useState } from "react";
import { messageOf } from "../api/http.ts";
import { toastError } from "../ui/toast.tsx";
import { loadElement } from "./load-element.ts";
import { callPlugin, pluginTheme } from "./plugin-api.ts";
import classes from "./plugin-slot.module.css";
import type { MountProps } from "./plugin-slot.tsx";
import { SlotLoading } from "./slot-states.tsx";
import { usePageContext } from "./use-page-context.ts";

const timeoutMs = 10_000;

/** A plugin's element in the page itself: same document, same rights. Only for plugins an administrator trusts. */
export function TrustedMount({ row, area, basePath, subPath, script, onFail }: MountProps) {
  const name = row.plugin?.name ?? "Plugin";
  const host = useRef<HTMLDivElement>(null);
  const element = useRef<HTMLElement | null>(null);
  const [ready, setReady] = useState(false);
  const { scheme, actions } = usePageContext(basePath, name);
  const now = useRef<{ subPath: string; theme: Theme; actions: typeof actions }>({ subPath, theme: { scheme, variables: {} }, actions });
  now.current.actions = actions;
  const tag = row.component_tag;

  // biome-ignore lint/correctness/useExhaustiveDependencies: another page or other bytes are another mount, nothing else is.
  useEffect(() => {
    let gone = false;
    now.current.theme = pluginTheme(scheme);
    const transport: Transport = {
      call: ({ method, payload }) => callPlugin(row.plugin_id, area, method, payload),
      confirm: (request) => now.current.actions.confirm(request),
      route: (to) => now.current.actions.toRoute(to.subPath),
      notify: ({ message, kind }) => now.current.actions.notify(message, kind),
    };
    const api = createPluginApi({ transport, state: now.current, area, locale: document.documentElement.lang });
    loadElement(tag, script, timeoutMs)
      .then(() => {
        if (gone || !host.current) return;
        const made = document.createElement(tag);
        setUp(made, { api, area, props: row.mount_config.props, subPath: now.current.subPath });
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
      const to = followLink(event);
      const { toRoute, toPage, open } = now.current.actions;
      if (to?.kind === "route") toRoute(to.subPath);
      else if (to?.kind === "page") toPage(to.path);
      else if (to?.kind === "away") open(to.url);
    };
    place?.addEventListener("click", follow);
    return () => place?.removeEventListener("click", follow);
  }, []);

  // The dashboard runs no handlers in attributes, a trusted plugin's neither. The person has seen a button do nothing: say why.
  useEffect(() => {
    const onViolation = ({ effectiveDirective }: SecurityPolicyViolationEvent) => {
      if (effectiveDirective !== "script-src-attr") return;
      toastError(
        `${name}: part of its page does not work here`,
        'It uses event handlers in HTML attributes (onclick="…"), which the dashboard does not run. They run when its pages are not trusted; its author can use addEventListener instead.',
      );
    };
    document.addEventListener("securitypolicyviolation", onViolation);
    return () => document.removeEventListener("securitypolicyviolation", onViolation);
  }, [name]);

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
