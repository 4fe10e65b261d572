import { spawn } from "node:child_process";
import { expect, onTestFinished, test, vi } from "vitest";
import { watchdogSeconds } from "./watchdog.ts";

vi.setConfig({ testTimeout: 60_000 });

const module = new URL("./watchdog.ts", import.meta.url).href;

/** A process that is watched, with a limit of 2 s, and does what `code` says; it prints a line every 50 ms while its loop turns. */
function aProcess(code: string, options: string[] = []) {
  const source = `import { startWatchdog } from ${JSON.stringify(module)};
    startWatchdog({ limitMs: 2000, name: "test" });
    const block = (ms) => { for (const until = performance.now() + ms; performance.now() < until; ); };
    setInterval(() => console.log("turn"), 50);
    ${code}`;
  const child = spawn(process.execPath, [...options, "--input-type=module", "-e", source], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let [turns, errors] = [0, ""];
  child.stdout.on("data", (chunk: Buffer) => {
    turns += chunk.toString().split("turn").length - 1;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) => child.once("exit", (status, signal) => resolve(signal ?? status)));
  return {
    child,
    ended,
    errors: () => errors,
    /** Resolves after so many more turns of its event loop. */
    turns: (more: number, from = turns) =>
      vi.waitFor(() => expect(turns - from).toBeGreaterThanOrEqual(more), { timeout: 30_000, interval: 20 }),
  };
}

test("a process whose event loop is blocked for good is ended, and says so in its log", async () => {
  const blocked = aProcess("setTimeout(() => { for (;;); }, 300)");
  expect(await blocked.ended).toBe("SIGKILL");
  expect(JSON.parse(blocked.errors())).toMatchObject({
    level: "error",
    process: "test",
    message: expect.stringContaining("blocked for 2 s"),
  });
});

test("a process that is blocked again and again, but never for long, goes on", async () => {
  const slow = aProcess("setInterval(() => block(400), 20)");
  await slow.turns(8);
  expect([slow.child.exitCode, slow.child.signalCode, slow.errors()]).toEqual([null, null, ""]);
});

test("a process that stood still as a whole, like a laptop that slept, goes on", async () => {
  const paused = aProcess("");
  await paused.turns(3);
  paused.child.kill("SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 4_500));
  paused.child.kill("SIGCONT");
  await paused.turns(20);
  expect([paused.child.signalCode, paused.errors()]).toEqual([null, ""]);
});

test("a process with a debugger open may stand at a breakpoint", async () => {
  const debugged = aProcess("setTimeout(() => block(5000), 300)", ["--inspect=127.0.0.1:0"]);
  await debugged.turns(30);
  expect(debugged.child.signalCode).toBe(null);
});

test("a process can end by itself while it is watched", async () => {
  expect(await aProcess("setTimeout(() => process.exit(7), 200)").ended).toBe(7);
});

test("the setting is read, and a wrong one named", () => {
  expect([undefined, "", "0", "60"].map(watchdogSeconds)).toEqual([30, 30, 0, 60]);
  for (const wrong of ["1", "-5", "ten", "5.5"]) expect(() => watchdogSeconds(wrong)).toThrow("PORTICO_WATCHDOG_SECONDS");
});
