"use client";

import { useQueryClient } from "@tanstack/react-query";
import { Component, type ReactNode, useState } from "react";
import type { PluginUiEntry } from "../../server/plugins/contract/pages.ts";
import { messageOf } from "../api/http.ts";
import type { Script } from "./load-element.ts";
import classes from "./plugin-slot.module.css";
import { SandboxedMount } from "./sandboxed-mount.tsx";
import { SlotProblem } from "./slot-states.tsx";
import { TrustedMount } from "./trusted-mount.tsx";

export type PluginSlotProps = {
  pluginId: number;
  registryRow: PluginUiEntry;
  area: "admin" | "portal";
  /** What follows the page's own path, without a leading slash: "" at the page itself, "items/3" below it. */
  subPath: string;
};

export type MountProps = {
  row: PluginUiEntry;
  area: "admin" | "portal";
  /** The page's own path, without a trailing slash. */
  basePath: string;
  subPath: string;
  script: Script;
  /** The element cannot be shown; the sentence says why. */
  onFail: (problem: string) => void;
};

/** The one place where a plugin's element is put on a page: in it when trusted, otherwise in a sandboxed frame. */
export function PluginSlot(props: PluginSlotProps) {
  const client = useQueryClient();
  const [attempt, setAttempt] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  const { registryRow: row } = props;
  const name = row.plugin?.name ?? "The plugin";
  const retry = () => {
    // A plugin that has been restarted since may have other files, at other addresses.
    void client.invalidateQueries({ queryKey: ["plugins"] });
    setProblem(null);
    setAttempt(attempt + 1);
  };
  const down = row.unavailable || problem;
  if (down) return <SlotProblem name={name} problem={down} retry={retry} />;
  return (
    <SlotBoundary key={`${attempt} ${row.entry_url}`} name={name} retry={retry}>
      <Mount {...props} onFail={setProblem} />
    </SlotBoundary>
  );
}

function Mount({ registryRow: row, area, subPath, onFail }: PluginSlotProps & { onFail: (problem: string) => void }) {
  const { entry_url: url, entry_integrity: integrity, entry_type: type, frame_url: frameUrl } = row;
  const title = row.mount_config.title ?? row.plugin?.name ?? "Plugin";
  if (row.mount_config.kind === "iframe" && frameUrl) {
    return (
      <iframe
        className={classes.page}
        title={title}
        src={frameUrl}
        sandbox="allow-scripts allow-forms allow-modals"
        referrerPolicy="no-referrer"
      />
    );
  }
  if (!url || !integrity || !type || !frameUrl) throw new Error("The studio did not say where this page's files are.");
  const mount: MountProps = {
    row,
    area,
    subPath,
    basePath: row.route_pattern.replace(/\/+$/, ""),
    script: { url, integrity, type },
    onFail,
  };
  return row.ui_trusted === true ? <TrustedMount {...mount} /> : <SandboxedMount {...mount} frameUrl={frameUrl} />;
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
