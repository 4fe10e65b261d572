#!/usr/bin/env node
// `npm start`. Runs before anything is installed, on whatever Node is there: built-ins only, and nothing newer than this check.
const major = Number(process.versions.node.split(".")[0]);
if (major < 20) {
  console.error(
    `Portico needs Node 20 or later and this is ${process.version}; install it from https://nodejs.org and run the same command again.`,
  );
  process.exit(1);
}

const { runStart } = await import("./lib/start.mjs");
await runStart(import.meta.filename ?? process.argv[1]);
