"use client";

import { Button, Skeleton } from "@mantine/core";
import { Component, type ReactNode, useEffect, useRef, useState } from "react";
import { messageOf } from "../api/http.ts";
import type { RegistryRow } from "../api/types.ts";
import { Notice } from "../ui/notice.tsx";
import { loadElement } from "./load-element.ts";
import { dataAttributes, pluginApi } from "./plugin-api.ts";
import classes from "./plugin-slot.module.css";

const loadTimeoutMs = 10_000;

export type PluginSlotProps = {
  pluginId: number;
  registryRow: RegistryRow;
  area: "admin" | "portal";
  /** What follows the page's own path, without a leading slash: "" at the page itself, "items/3" below it. */
  subPath: string;
};

/** The one place where a plugin's element is put on a page. */
export function PluginSlot(props: PluginSlotProps) {
  const [attempt, setAttempt] = useState(0);
  return (
    <SlotBoundary key={attempt} name={props.registryRow.plugin?.name ?? "The plugin"} retry={() => setAttempt(attempt + 1)}>
      <TrustedMount {...props} retry={() => setAttempt(attempt + 1)} />
    </SlotBoundary>
  );
}

const scriptOf = (row: RegistryRow, area: "admin" | "portal") => {
  const entry = row.entry_point.replace(/^\//, "");
  const base = area === "admin" ? "/api/v1/plugins/assets" : "/common/plugins/assets";
  return { url: row.asset_url ?? `${base}/${row.plugin_id}/${entry}`, integrity: row.integrity || undefined };
};

// The element lives in the page itself: same document, same rights. Only for plugins an administrator trusts.
function TrustedMount({ pluginId, registryRow, area, subPath, retry }: PluginSlotProps & { retry: () => void }) {
  const host = useRef<HTMLDivElement>(null);
  const element = useRef<HTMLElement | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [ready, setReady] = useState(false);
  const tag = registryRow.mount_config.tag || registryRow.component_tag;

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new registry row of the same page is the same element.
  useEffect(() => {
    let gone = false;
    loadElement(tag, scriptOf(registryRow, area), loadTimeoutMs)
      .then(() => {
        if (gone || !host.current) return;
        const made = document.createElement(tag);
        // Before it is connected: an element may call its plugin from connectedCallback.
        Object.assign(made, { [area === "admin" ? "pluginAPI" : "portalPluginAPI"]: pluginApi(pluginId, area) });
        for (const [name, value] of dataAttributes(registryRow.mount_config.props)) made.setAttribute(name, value);
        made.setAttribute("data-sub-path", subPath);
        element.current = made;
        host.current.replaceChildren(made);
        setReady(true);
      })
      .catch((error: unknown) => {
        if (!gone) setProblem(messageOf(error));
      });
    return () => {
      gone = true;
      element.current?.remove();
      element.current = null;
    };
  }, [tag, pluginId, area]);

  useEffect(() => {
    element.current?.setAttribute("data-sub-path", subPath);
  }, [subPath]);

  if (problem !== null) return <SlotProblem name={registryRow.plugin?.name ?? "The plugin"} problem={problem} retry={retry} />;
  return (
    <>
      {!ready && (
        <div aria-busy="true">
          <span className="visually-hidden" role="status">
            Loading the plugin's page
          </span>
          <Skeleton height={24} width={220} mb={16} />
          <Skeleton height={240} radius="lg" />
        </div>
      )}
      <div ref={host} className={classes.host} />
    </>
  );
}

function SlotProblem({ name, problem, retry }: { name: string; problem: string; retry: () => void }) {
  return (
    <Notice
      tone="bad"
      title={`${name} could not show its page`}
      action={
        <Button size="xs" variant="default" onClick={retry}>
          Try again
        </Button>
      }
    >
      {problem}
    </Notice>
  );
}

class SlotBoundary extends Component<{ name: string; retry: () => void; children: ReactNode }, { problem: string | null }> {
  override state = { problem: null };

  static getDerivedStateFromError(error: unknown) {
    return { problem: messageOf(error) };
  }

  override render() {
    if (this.state.problem === null) return this.props.children;
    return <SlotProblem name={this.props.name} problem={this.state.problem} retry={this.props.retry} />;
  }
}
