#!/usr/bin/env node
// `npm test`: sets itself up, runs every check there is and ends with one line of counts. `--only=lint,unit` runs some steps.
const major = Number(process.versions.node.split(".")[0]);
if (major < 20) {
  console.error(
    `Portico needs Node 20 or later and this is ${process.version}; install it from https://nodejs.org and run the same command again.`,
  );
  process.exit(1);
}

const { runTests } = await import("./lib/test-run.mjs");
await runTests(import.meta.filename ?? process.argv[1]);
