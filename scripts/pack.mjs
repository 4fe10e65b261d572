#!/usr/bin/env node
// `npm run pack`: tarballs of the packages that plugin authors install, in .build/tarballs.
import { join } from "node:path";
import { ensureBuilt } from "./lib/build-steps.mjs";
import { packPackages } from "./lib/pack.mjs";
import { buildDir } from "./lib/paths.mjs";
import { runTask } from "./lib/task.mjs";

await runTask(async ({ children, progress }) => {
  await ensureBuilt({ children, progress, pages: false });
  for (const file of await packPackages({ children, destination: join(buildDir, "tarballs") })) console.log(file);
});
