#!/usr/bin/env node
// `npm run bench [-- --quick]`: the data plane's yardsticks, all in one run on one machine. docs/decisions/008 says what they mean.
import { runBench } from "../bench/run.mjs";
import { runTask } from "./lib/task.mjs";

await runTask(({ children, progress }) => runBench({ children, progress, quick: process.argv.includes("--quick") }));
