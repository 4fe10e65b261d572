import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ensureBuilt } from "./build-steps.mjs";
import { binDir, buildDir, pinnedNode, root, toolEnv } from "./paths.mjs";
import { staleStubs } from "./protocol-stubs.mjs";
import { Stop } from "./stop.mjs";

/**
 * Every check of `npm test`, in order. A step resolves to its counts (one passed, unless it has its own) or throws. `needs` names the
 * earlier steps without which it would check what an older run has left behind.
 */
export function testSteps({ children, progress }) {
  const bin = (name) => join(binDir, name);
  const quiet = (command, args, doing, options = {}) =>
    children.run(command, args, { doing, cwd: root, env: toolEnv(), ...options }).then(() => undefined);
  const loud = (command, args, doing, env = {}) =>
    children.run(command, args, {
      doing,
      cwd: root,
      env: toolEnv(env),
      quietFailure: true,
      onLine(line) {
        progress.say(line);
        return line;
      },
    });
  const script = (name) => () => loud(pinnedNode, [join("scripts", name)], name).then(() => undefined);

  return [
    { name: "setup", title: "Database client and plugin pages", run: () => ensureBuilt({ children, progress, pages: false }) },
    {
      name: "lint",
      title: "Format and lint",
      run: () => quiet(bin("biome"), ["check", "--error-on-warnings", "--max-diagnostics=50", "."], "biome"),
    },
    { name: "types", needs: ["setup"], title: "Types", run: () => checkTypes(quiet, bin) },
    { name: "walls", title: "Import walls", run: script("check-walls.mjs") },
    { name: "unused", title: "Dead code", run: () => quiet(bin("knip"), ["--no-progress"], "knip") },
    { name: "generated", needs: ["setup"], title: "Generated code is current", run: () => checkGenerated(children) },
    {
      name: "contract",
      title: "The protocol only grew",
      run: () =>
        quiet(bin("buf"), ["breaking", "--against", "released.binpb"], "buf breaking", { cwd: join(root, "packages", "protocol") }),
    },
    { name: "drift", title: "Schema and migrations agree", run: script("check-drift.mjs") },
    { name: "unit", needs: ["setup"], title: "Unit and service tests", run: () => runVitest({ loud, bin, children, progress }) },
    { name: "gateway", title: "Gateway from an install of its own", run: script("check-gateway-alone.mjs") },
    { name: "build", title: "Production build", run: () => ensureBuilt({ children, progress }) },
    {
      name: "journeys",
      needs: ["build"],
      title: "Browser journeys",
      run: () => runPlaywright({ loud, bin, children, progress }),
    },
  ];
}

async function checkTypes(quiet, bin) {
  // What `npm run dev` wrote of pages that have moved since; it writes those that it needs anew.
  rmSync(join(root, ".next", "dev", "types"), { recursive: true, force: true });
  // The types of routes and of imported images and styles, which a build would write.
  await quiet(pinnedNode, [join(root, "node_modules", "next", "dist", "bin", "next"), "typegen"], "next typegen", {
    env: toolEnv({ NEXT_TELEMETRY_DISABLED: "1" }),
  });
  await quiet(bin("tsc"), ["-p", "tsconfig.json"], "tsc");
  if (existsSync(join(root, "tsconfig.web.json"))) await quiet(bin("tsc"), ["-p", "tsconfig.web.json", "--noEmit"], "tsc (pages)");
}

async function checkGenerated(children) {
  const stale = await staleStubs(children);
  if (stale.length)
    throw new Stop("packages/protocol/src/gen is not what the .proto files give; run npm run gen and commit it.", { detail: stale });
}

async function runVitest({ loud, bin, children, progress }) {
  // Some service tests look at pages of plugins in a browser.
  const chromium = await findChromium(children, progress);
  const file = join(buildDir, "vitest.json");
  rmSync(file, { force: true });
  const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const failure = await loud(bin("vitest"), args, "vitest", { CHROMIUM_PATH: chromium }).catch((error) => error);
  const report = readReport(file, failure, "vitest");
  const counts = {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
  };
  // A file that cannot even be loaded has no tests to count, and an error outside any test fails the run all the same.
  const brokenFiles = report.testResults.filter(
    (result) => result.status === "failed" && result.assertionResults.every((one) => one.status !== "failed"),
  ).length;
  counts.failed += brokenFiles;
  if (failure instanceof Error && counts.failed === 0) counts.failed = 1;
  return counts;
}

async function runPlaywright({ loud, bin, children, progress }) {
  const file = join(buildDir, "playwright.json");
  rmSync(file, { force: true });
  const chromium = await findChromium(children, progress);
  const failure = await loud(bin("playwright"), ["test"], "playwright", {
    CHROMIUM_PATH: chromium,
    PLAYWRIGHT_JSON_OUTPUT_FILE: file,
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: "1",
  }).catch((error) => error);
  const { stats, errors } = readReport(file, failure, "playwright");
  const counts = { passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped };
  if (counts.failed === 0 && (failure instanceof Error || errors?.length || counts.passed === 0)) counts.failed = 1;
  return counts;
}

function readReport(file, failure, name) {
  if (!existsSync(file)) throw failure instanceof Error ? failure : new Stop(`${name} wrote no report.`);
  return JSON.parse(readFileSync(file, "utf8"));
}

const chromiumNames = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

function installedChromium() {
  if (process.env.CHROMIUM_PATH) return process.env.CHROMIUM_PATH;
  const dirs = (process.env.PATH ?? "").split(":");
  for (const name of chromiumNames) for (const dir of dirs) if (dir && existsSync(join(dir, name))) return join(dir, name);
  const mac = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";
  return existsSync(mac) ? mac : "";
}

/** A Chromium that is there, or that apt can bring when we are root; never a silent skip. */
async function findChromium(children, progress) {
  const found = installedChromium();
  if (found) return found;
  const advice = "install it (Debian: sudo apt-get install chromium) or set CHROMIUM_PATH to a Chromium or Chrome";
  let hasApt = false;
  try {
    execFileSync("apt-get", ["--version"], { stdio: "ignore" });
    hasApt = true;
  } catch {
    // Not a Debian.
  }
  if (process.getuid?.() !== 0 || !hasApt) throw new Stop(`Browser journeys need Chromium and there is none; ${advice}.`);
  progress.say("  Installing Chromium with apt-get …");
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await children.run("apt-get", ["update", "-q"], { doing: "apt-get update", env });
  await children.run("apt-get", ["install", "-y", "-q", "--no-install-recommends", "chromium"], { doing: "apt-get install chromium", env });
  const installed = installedChromium();
  if (!installed) throw new Stop(`apt-get installed no Chromium; ${advice}.`);
  return installed;
}
