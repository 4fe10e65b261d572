import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { createChildren } from "./children.mjs";
import { isAlive, lockHolder, processStart, takeLock } from "./lock.mjs";
import { createLog } from "./logs.mjs";
import { checkPort } from "./preflight.mjs";
import { readSettings } from "./settings.mjs";
import { createSupervisor } from "./supervise.mjs";

const lib = new URL("./", import.meta.url).pathname;

function aFolder() {
  const dir = mkdtempSync(join(tmpdir(), "portico-scripts-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function aProgress() {
  const lines = [];
  return { lines, say: (line) => lines.push(line), begin: () => ({ update() {}, done() {}, fail() {}, drop() {} }) };
}

const ended = (pid) => !isAlive(pid) || processStart(pid) === "ended";

/** A keeper in a process of its own that starts a shell with a child of its own, and prints their pids. */
async function aKeeper(dir) {
  const file = join(dir, "keeper.mjs");
  const order = join(dir, "order");
  writeFileSync(
    file,
    `import { createChildren } from ${JSON.stringify(`${lib}children.mjs`)};
     const children = createChildren();
     const keep = (name) => children.start("/bin/sh", ["-c", "trap 'echo " + name + " >> ${order}; exit' TERM; sleep 300 & echo $!; while :; do sleep 0.05; done"],
       { name, onLine: (line) => console.log(line) }).pid;
     console.log(keep("first")); setTimeout(() => console.log(keep("second")), 200);
     if (process.argv[2]) process.on("SIGTERM", () => children.stopAll().then(() => process.exit(0)));
     setInterval(() => {}, 1000);`,
  );
  const keeper = spawn(process.execPath, [file, "orderly"], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  keeper.stdout.on("data", (chunk) => {
    text += chunk;
  });
  await vi.waitFor(() => expect(text.trim().split("\n").length).toBe(4), 10_000);
  return { keeper, pids: text.trim().split("\n").map(Number), order: () => readFileSync(order, "utf8").trim().split("\n") };
}

test.each(["SIGKILL", "SIGTERM"])(
  "after %s of their keeper all children are stopped, newest first, and their own children with them",
  async (signal) => {
    const { keeper, pids, order } = await aKeeper(aFolder());
    keeper.kill(signal);
    await vi.waitFor(() => expect(pids.filter((pid) => !ended(pid))).toEqual([]), 15_000);
    expect(order()).toEqual(["second", "first"]);
  },
);

test("a child that ignores the request to stop is killed at its deadline", async () => {
  const children = createChildren();
  const deaf = children.start("/bin/sh", ["-c", "trap '' TERM; while :; do sleep 0.05; done"], { deadlineMs: 200 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect((await deaf.stop()).signal).toBe("SIGKILL");
  await children.stopAll();
});

test("a program that fails is reported with its last lines and, where known, the way out", async () => {
  const children = createChildren();
  onTestFinished(() => children.stopAll());
  const failing = children.run("/bin/sh", ["-c", "echo one; echo 'write failed: No space left on device' >&2; exit 3"], {
    doing: "Writing",
  });
  await expect(failing).rejects.toMatchObject({
    name: "Stop",
    message: expect.stringContaining("the disk is full"),
    detail: expect.arrayContaining(["one"]),
  });
});

test("a service that ends is started again, ever later; one that keeps ending is shown with its last lines, and the others go on", async () => {
  const children = createChildren();
  onTestFinished(() => children.stopAll());
  const progress = aProgress();
  const dir = aFolder();
  const waits = [];
  const backOffMs = (attempt) => {
    waits.push(attempt);
    return 10;
  };
  const supervisor = createSupervisor({ children, progress, backOffMs });
  const service = (name, script) => {
    const launch = (onLine) => children.start("/bin/sh", ["-c", script], { onLine });
    return supervisor.service({ name, log: createLog({ dir, name, progress }), launch });
  };
  const steady = service("steady", "while :; do sleep 0.05; done");
  await steady.start();
  const { pid } = steady.child();
  await service("fragile", "echo it is broken; exit 4").start();
  await vi.waitFor(() => expect(waits.length).toBeGreaterThan(6), 15_000);
  expect(waits.slice(0, 6)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(progress.lines[0]).toMatch(/fragile ended with code 4 after 0 s; restarting in 0.01 s/);
  expect(progress.lines.filter((line) => line.includes("fragile keeps failing"))).toHaveLength(1);
  expect(progress.lines).toContainEqual(expect.stringContaining("it is broken"));
  expect([steady.child().pid, ended(pid)]).toEqual([pid, false]);
});

test("an optional service that fails at its first start is tried again until it runs, and the others go on", async () => {
  const children = createChildren();
  onTestFinished(() => children.stopAll());
  const progress = aProgress();
  const dir = aFolder();
  const supervisor = createSupervisor({ children, progress, backOffMs: () => 10 });
  const service = (name, script, more) =>
    supervisor.service({
      name,
      log: createLog({ dir, name, progress }),
      launch: (onLine) => children.start("/bin/sh", ["-c", script], { onLine, cwd: dir }),
      ...more,
    });
  const steady = service("steady", "while :; do sleep 0.05; done");
  await steady.start();
  const { pid } = steady.child();
  const runsThirdTime = "echo x >> tries; [ $(wc -l < tries) -lt 3 ] && exit 4; while :; do sleep 0.05; done";
  const readyUrl = "http://127.0.0.1:1/ready";
  const late = service("late", runsThirdTime, { optional: true, readyUrl });
  expect(await late.start()).toBe(false);
  expect(progress.lines).toContainEqual(expect.stringContaining("late did not start (ended with code 4); restarting"));
  await vi.waitFor(() => expect(readFileSync(join(dir, "tries"), "utf8")).toBe("x\nx\nx\n"), 10_000);
  await vi.waitFor(() => expect(ended(late.child().pid)).toBe(false), 5_000);
  expect([steady.child().pid, ended(pid)]).toEqual([pid, false]);

  // What the others need is reported at once instead.
  await expect(service("needed", "exit 4", { readyUrl }).start()).rejects.toMatchObject({ name: "Stop" });
});

test("a lock goes to one of many, and passes on when its owner dies or its number belongs to another program", async () => {
  const dir = aFolder();
  const file = join(dir, "lock");
  const script = `import { takeLock } from ${JSON.stringify(`${lib}lock.mjs`)};
    console.log(takeLock(${JSON.stringify(file)}).holder ? "refused" : "taken"); setTimeout(() => {}, 60000);`;
  const rivals = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] }),
  );
  onTestFinished(() => {
    for (const rival of rivals) rival.kill("SIGKILL");
  });
  const answers = await Promise.all(
    rivals.map((rival) => new Promise((resolve) => rival.stdout.once("data", (data) => resolve(String(data).trim())))),
  );
  expect(answers.sort()).toEqual(["refused", "refused", "refused", "taken"]);

  for (const rival of rivals) rival.kill("SIGKILL");
  await vi.waitFor(() => expect(lockHolder(file)).toBeUndefined(), 5_000);
  writeFileSync(file, JSON.stringify({ pid: process.ppid, start: "another life" }));
  expect(takeLock(file).release).toBeTypeOf("function");
});

test("a taken port is reported with the program that has it and a port that may be free", async () => {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => server.close());
  const { port } = server.address();
  await expect(checkPort("127.0.0.1", port, "PORT")).rejects.toThrow(
    new RegExp(`Port ${port} is taken by .*process ${process.pid}.*PORT=${port < 65_000 ? port + 1 : port - 1000} npm start`),
  );
});

test("a wrong setting is refused by its name", () => {
  expect(() => readSettings({ PORTICO_WATCHDOG_SECONDS: "1" })).toThrow("PORTICO_WATCHDOG_SECONDS must be a number from 5 to 3600, or 0");
  expect(() => readSettings({ PORT: "http" })).toThrow('PORT must be a port from 1 to 65535, not "http".');
  expect(() => readSettings({ PORT: "8080" })).toThrow("GATEWAY_PORT and PORT are both 8080");
  expect(() => readSettings({ DATABASE_URL: "mysql://x" })).toThrow("DATABASE_URL must look like postgresql://");
});

test("the terminal shows warnings, the file has everything, and neither grows without end", () => {
  const dir = aFolder();
  const progress = aProgress();
  const log = createLog({ dir, name: "studio", progress });
  log.write(JSON.stringify({ time: "t", level: "info", message: "all is well" }));
  log.write(JSON.stringify({ time: "t", level: "warn", message: "careful", port: 1 }));
  expect(progress.lines).toEqual([expect.stringContaining("warn: careful  (port=1)")]);
  expect(readFileSync(log.file, "utf8").split("\n")).toHaveLength(3);
  const long = "x".repeat(1024 * 1024);
  for (let i = 0; i < 25; i++) log.write(long);
  expect(readFileSync(log.file).length).toBeLessThan(12 * 1024 * 1024);
  expect(readFileSync(`${log.file}.1`).length).toBeLessThan(12 * 1024 * 1024);
});
