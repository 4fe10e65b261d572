#!/usr/bin/env node
// `npm run walls`: dependency-cruiser over the rules of .dependency-cruiser.cjs. It can look at nothing and call that clean
// (without a TypeScript it knows, say), so the numbers it looked at are judged first.
import { createRequire } from "node:module";
import { folderRings } from "./lib/folder-rings.mjs";
import { root } from "./lib/paths.mjs";
import { Stop } from "./lib/stop.mjs";
import { runTask } from "./lib/task.mjs";

const rooms = { app: 5, components: 20, server: 60, gateway: 20, packages: 40, plugins: 6, "plugin-ui": 5, scripts: 30, bench: 4 };
const leastDependencies = 800;

await runTask(async () => {
  process.chdir(root);
  const require = createRequire(import.meta.url);
  const { version } = require("typescript/package.json");
  if (!version.startsWith("6."))
    throw new Stop(`TypeScript ${version} is installed and dependency-cruiser reads files with TypeScript 6; install typescript@6.`);
  const { cruise } = await import("dependency-cruiser");
  const { default: extract } = await import("dependency-cruiser/config-utl/extract-ts-config");
  const { forbidden, options, tests } = require("../.dependency-cruiser.cjs");
  const { output } = await cruise(
    Object.keys(rooms),
    { ...options, ruleSet: { forbidden }, validate: true, outputType: "json" },
    options.enhancedResolveOptions,
    { tsConfig: extract("tsconfig.json") },
  );
  const { modules, summary } = JSON.parse(output);

  const ours = modules.filter((module) => !module.source.includes("node_modules") && !module.coreModule);
  const dependencies = ours.reduce((sum, module) => sum + module.dependencies.length, 0);
  for (const [room, least] of Object.entries(rooms)) {
    const found = ours.filter((module) => module.source.startsWith(`${room}/`) && /\.(tsx?|mjs)$/.test(module.source)).length;
    if (found < least) throw new Stop(`Only ${found} modules of ${room}/ were looked at, fewer than ${least}: the walls were not checked.`);
  }
  if (dependencies < leastDependencies)
    throw new Stop(`Only ${dependencies} imports were looked at, fewer than ${leastDependencies}: the walls were not checked.`);
  const faults = summary.violations.filter((violation) => violation.rule.severity === "error");
  if (faults.length)
    throw new Stop(`${faults.length} imports cross a wall (.dependency-cruiser.cjs says which and why).`, {
      detail: faults.map(({ rule, from, to, via, cycle }) => {
        const path = (via ?? cycle ?? []).map((step) => step.name ?? step).filter((name) => name !== to);
        return `${rule.name}: ${from} -> ${[...path, to].join(" -> ")}`;
      }),
    });
  const rings = folderRings(ours, (file) => new RegExp(tests).test(file));
  if (rings.length)
    throw new Stop("Folders import each other in a ring: what they share belongs into one that both import.", {
      detail: rings.map((ring) => [...ring, ring[0]].join(" -> ")),
    });
  console.log(`Walls hold: ${ours.length} modules, ${dependencies} imports.`);
});
