import { createChildren } from "./children.mjs";
import { createProgress } from "./progress.mjs";
import { explain } from "./stop.mjs";

/** Runs one developer's command: its children end with it, its failure is a sentence and exit code 1. */
export async function runTask(task) {
  const children = createChildren();
  const progress = createProgress();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => {
      void children.stopAll().then(() => process.exit(130));
    });
  try {
    await task({ children, progress });
    await children.stopAll();
    process.exit(process.exitCode ?? 0);
  } catch (error) {
    if (children.stopping) return;
    const known = explain(error);
    for (const line of known.detail ?? []) process.stderr.write(`    ${line}\n`);
    process.stderr.write(`${known.name === "Stop" ? known.message : (known.stack ?? known)}\n`);
    await children.stopAll();
    process.exit(known.exitCode ?? 1);
  }
}
