"use client";

import { useEffect, useRef, useState } from "react";
import { toastError } from "../ui/toast.tsx";
import { type MountedFrame, mountSandboxed } from "./frame-host.ts";
import { callPlugin, pluginTheme } from "./plugin-api.ts";
import type { MountProps } from "./plugin-slot.tsx";
import { SlotLoading } from "./slot-states.tsx";
import { usePageContext } from "./use-page-context.ts";

/** A plugin's element in a frame of its own, without origin, cookies or network: all it can do is ask the page. */
export function SandboxedMount({ row, area, basePath, subPath, script, frameUrl, onFail }: MountProps & { frameUrl: string }) {
  const host = useRef<HTMLDivElement>(null);
  const mounted = useRef<MountedFrame | null>(null);
  const [ready, setReady] = useState(false);
  const name = row.plugin?.name ?? "Plugin";
  const { scheme, actions } = usePageContext(basePath, name);
  const current = useRef(actions);
  current.current = actions;

  // biome-ignore lint/correctness/useExhaustiveDependencies: another page or other bytes are another frame, nothing else is.
  useEffect(() => {
    if (!host.current) return;
    const frame = mountSandboxed(host.current, {
      frameUrl,
      entryUrl: script.url,
      integrity: script.integrity,
      entryType: script.type,
      tag: row.component_tag,
      area,
      title: row.mount_config.title ?? name,
      props: row.mount_config.props ?? {},
      theme: pluginTheme(scheme),
      subPath,
      rpc: (method, payload, signal) => callPlugin(row.plugin_id, area, method, payload, signal),
      confirm: (request) => current.current.confirm(request),
      onReady: () => setReady(true),
      onFail,
      onError: (message) => toastError(`${name}: something on its page failed`, message),
      onRoute: (to) => current.current.toRoute(to),
      onNavigate: (path) => current.current.toPage(path),
      onOpen: (url) => current.current.open(url),
      onPalette: () => current.current.palette(),
      onNotify: (message, kind) => current.current.notify(message, kind),
    });
    mounted.current = frame;
    return () => {
      mounted.current = null;
      frame.destroy();
    };
  }, [frameUrl, script.url, area]);

  useEffect(() => mounted.current?.setSubPath(subPath), [subPath]);
  useEffect(() => mounted.current?.setTheme(pluginTheme(scheme)), [scheme]);

  return (
    <>
      {!ready && <SlotLoading />}
      <div ref={host} />
    </>
  );
}
