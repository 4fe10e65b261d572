#!/usr/bin/env node
/** A plugin for tests: its schedules do what their names say. */
import { setTimeout as sleep } from "node:timers/promises";
import { definePlugin } from "@portico/plugin-sdk";

type Run = { id: string; config: string; cron: string };
const runs: Run[] = [];
let cancelled = 0;

const schedules = JSON.parse(process.env.TEST_PLUGIN_SCHEDULES || "[]") as { id: string; name: string; cron: string }[];

export default definePlugin({
  manifest: {
    id: "test.tasks",
    version: "1.0.0",
    name: "Tasks",
    capabilities: { hooks: ["studio_ui"] },
    permissions: { services: ["scheduler.manage"] },
    schedules,
  },
  async scheduledTask({ id, configJson, cron }, { signal }) {
    runs.push({ id, config: configJson, cron });
    if (id.startsWith("fails")) throw new Error("failed on purpose");
    if (id.startsWith("crashes")) process.exit(3);
    if (!id.startsWith("hangs")) return;
    signal.addEventListener("abort", () => cancelled++);
    await sleep(60_000, undefined, { signal });
  },
  rpc: { runs: () => ({ runs, cancelled }) },
});
