#!/usr/bin/env node
// `npm run build [-- --force]`: database client, browser code of plugins, production pages; only what changed.
import { ensureBuilt } from "./lib/build-steps.mjs";
import { runTask } from "./lib/task.mjs";

await runTask(({ children, progress }) => ensureBuilt({ children, progress, force: process.argv.includes("--force") }));
