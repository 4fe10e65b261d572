import { createChildren } from "./children.mjs";
import { ensureInstalled } from "./install.mjs";
import { createProgress } from "./progress.mjs";
import { relay, runsOnPinnedNode } from "./relay.mjs";
import { explain, Stop } from "./stop.mjs";

/** Runs the steps in order, all of them even after a failure, and ends the process: 0 only when something passed and nothing failed. */
export async function runTests(script) {
  const children = createChildren();
  const progress = createProgress();
  let interrupted = false;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => {
      interrupted = true;
      void children.stopAll().then(() => process.exit(130));
    });

  const total = { passed: 0, failed: 0, skipped: 0 };
  const results = [];
  async function step(name, title, run) {
    progress.say(`\n▶ ${title} [${name}]`);
    const startedAt = Date.now();
    let counts;
    let problem;
    try {
      counts = (await run()) ?? { passed: 1, failed: 0, skipped: 0 };
    } catch (error) {
      if (interrupted) return false;
      problem = explain(error);
      counts = error.counts ?? { passed: 0, failed: 1, skipped: 0 };
      for (const line of problem.detail ?? []) progress.say(`    ${line}`);
      progress.say(`  ✗ ${problem instanceof Stop ? problem.message : (problem.stack ?? problem)}`);
    }
    for (const key of Object.keys(total)) total[key] += counts[key];
    results.push({ name, title, seconds: (Date.now() - startedAt) / 1000, ok: counts.failed === 0, counts });
    return counts.failed === 0;
  }
  function finish() {
    progress.say("\nSummary");
    for (const { ok, name, title, seconds, counts } of results)
      progress.say(
        `  ${ok ? "✓" : "✗"} ${name.padEnd(10)} ${title.padEnd(52)} ${seconds.toFixed(1).padStart(7)} s  ${counts.passed} passed${counts.failed ? `, ${counts.failed} failed` : ""}${counts.skipped ? `, ${counts.skipped} skipped` : ""}`,
      );
    progress.say("");
    progress.say(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
    process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
  }

  // Without the packages nothing else can run; that failure has the summary's form too.
  const installed = await step("install", "Packages as the lockfile says", async () => {
    await ensureInstalled({ children, progress });
  });
  if (interrupted) return;
  if (!installed) return finish();
  if (!runsOnPinnedNode()) process.exit(await relay(script));

  const { testSteps } = await import("./test-steps.mjs");
  const steps = testSteps({ children, progress });
  const only = process.argv
    .find((argument) => argument.startsWith("--only="))
    ?.slice("--only=".length)
    .split(",");
  const unknown = only?.filter((name) => !steps.some((one) => one.name === name)) ?? [];
  if (unknown.length) {
    progress.say(`There is no step ${unknown.join(", ")}; the steps are ${steps.map((one) => one.name).join(", ")}.`);
    process.exit(1);
  }
  const due = steps.filter(
    ({ name }) => !only || only.includes(name) || steps.some((one) => only.includes(one.name) && one.needs?.includes(name)),
  );
  for (const { name, title, run } of due) {
    if (interrupted) return;
    await step(name, title, run);
  }
  if (!interrupted) finish();
}
