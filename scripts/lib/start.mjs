import { join } from "node:path";
import { ensureBuilt } from "./build-steps.mjs";
import { createChildren } from "./children.mjs";
import { ensureInstalled } from "./install.mjs";
import { takeLock } from "./lock.mjs";
import { checkDisk, checkPort, prepareDataDir } from "./preflight.mjs";
import { createProgress } from "./progress.mjs";
import { relay, runsOnPinnedNode, whenParentDies } from "./relay.mjs";
import { linkTo, readSettings } from "./settings.mjs";
import { runStack } from "./stack.mjs";
import { explain, Interrupted } from "./stop.mjs";

/** The whole life of `npm start`: check, install, build, run, stop. Ends the process with the code it deserves. */
export async function runStart(script) {
  const progress = createProgress();
  const children = createChildren();
  const options = { dev: process.argv.includes("--dev"), verbose: process.argv.includes("--verbose") };
  let lock;
  let running = false;
  let asked = 0;
  let askedTwice = 0;

  async function end(code) {
    await children.stopAll((name) => running && progress.say(`  Stopping ${name}`));
    lock?.release?.();
    process.exit(code);
  }
  function onSignal() {
    const now = Date.now();
    if (asked === 0) {
      asked = now;
      const duringRun = running;
      progress.say(running ? "" : "\n  Stopping …");
      void end(duringRun ? 0 : 130).then(() => {});
    } else if (now - asked > 1_000 && askedTwice === 0) {
      // npm and the terminal may both deliver one Ctrl-C; only a later one means "at once".
      askedTwice = now;
      void children.stopAll();
    }
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, onSignal);
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

  const fail = async (problem) => {
    // While stopping on request, what breaks is only the stopping itself.
    if (asked || problem instanceof Interrupted) return asked ? undefined : end(130);
    const known = explain(problem);
    for (const line of known.detail ?? []) process.stderr.write(`    ${line}\n`);
    process.stderr.write(`\n  ${known.name === "Stop" ? known.message : (known.stack ?? known)}\n\n`);
    await end(known.exitCode ?? 1);
  };
  process.on("uncaughtException", (error) => void fail(error));
  process.on("unhandledRejection", (error) => void fail(error));
  whenParentDies(onSignal);

  try {
    const settings = readSettings();
    prepareDataDir(settings.dataDir);
    checkDisk(settings.dataDir, 200, "Portico");
    lock = takeLock(join(settings.dataDir, "portico.lock"), {
      port: settings.port,
      host: settings.host,
      url: linkTo(settings.host, settings.port),
    });
    if (lock.holder) {
      const { pid, url } = lock.holder;
      process.stderr.write(
        `\n  Portico is already running from ${settings.dataDir} (process ${pid}). Open ${url}, stop it with kill ${pid}, or set PORTICO_DATA_DIR and other ports to run a second one.\n\n`,
      );
      process.exit(1);
    }
    await checkPorts(settings);
    await ensureInstalled({ children, progress });
    if (!runsOnPinnedNode()) {
      // The other takes its own lock; this process only waits for it.
      lock.release();
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.removeListener(signal, onSignal);
      process.exit(await relay(script));
    }
    await ensureBuilt({ children, progress, pages: !options.dev });
    running = true;
    await runStack({ settings, children, progress, options });
  } catch (error) {
    await fail(error);
  }
}

async function checkPorts(settings) {
  await checkPort(settings.host, settings.port, "PORT");
  await checkPort(settings.host, settings.gatewayPort, "GATEWAY_PORT");
  await checkPort(settings.host, settings.controlPort, "CONTROL_PORT");
  await checkPort(settings.host, settings.demoVendorPort, "DEMO_VENDOR_PORT");
}
