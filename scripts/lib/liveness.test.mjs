import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { createChildren } from "./children.mjs";
import { createLog } from "./logs.mjs";
import { createSupervisor } from "./supervise.mjs";

vi.setConfig({ testTimeout: 60_000 });

/** A supervisor of real servers. Each answers at any path; `/spin` is never answered, nor is anything after it. */
function aStack({ silentMs }) {
  const dir = mkdtempSync(join(tmpdir(), "portico-liveness-"));
  const children = createChildren();
  onTestFinished(async () => {
    await children.stopAll();
    rmSync(dir, { recursive: true, force: true });
  });
  const file = join(dir, "server.mjs");
  writeFileSync(
    file,
    `import { createServer } from "node:http";
     const busyMs = Number(process.argv[3] ?? 0);
     process.on("SIGTERM", () => process.exit(0));
     let asked = 0;
     createServer((request, response) => {
       if (request.url === "/spin") for (;;);
       if (request.url === "/health") asked++;
       response.end(String(asked));
     }).listen(Number(process.argv[2]), "127.0.0.1");
     if (busyMs) setInterval(() => { for (const until = performance.now() + busyMs; performance.now() < until; ); }, busyMs + 50);`,
  );
  const lines = [];
  const progress = { lines, say: (line) => lines.push(line) };
  const supervisor = createSupervisor({ children, progress, silentMs, backOffMs: () => 10 });
  return {
    lines,
    async aServer(name, busyMs = 0) {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const launch = (onLine) => children.start(process.execPath, [file, String(port), String(busyMs)], { onLine });
      const log = createLog({ dir, name, progress });
      const service = supervisor.service({ name, log, launch, readyUrl: `${url}/ready`, healthUrl: `${url}/health` });
      expect(await service.start()).toBe(true);
      return { url, pid: () => service.child().pid };
    },
  };
}

async function freePort() {
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** It answers, and the supervisor has seen that it does. */
const isWatched = async (url) => Number(await (await fetch(url, { signal: AbortSignal.timeout(2_000) })).text()) > 0;

test("a process that spins is restarted although it does not obey, and the one beside it is not", async () => {
  const stack = aStack({ silentMs: 2_000 });
  const healthy = await stack.aServer("healthy");
  const sick = await stack.aServer("sick");
  const [healthyPid, sickPid] = [healthy.pid(), sick.pid()];
  void fetch(`${sick.url}/spin`).catch(() => {});
  await vi.waitFor(() => expect(sick.pid()).not.toBe(sickPid), 40_000);
  await vi.waitFor(async () => expect(await isWatched(sick.url)).toBe(true), 20_000);
  expect(stack.lines).toEqual([expect.stringMatching(/^ {2}! sick had not answered for \d+ s and was stopped; restarting in 0.01 s/)]);

  // And again, as often as it takes.
  const second = sick.pid();
  void fetch(`${sick.url}/spin`).catch(() => {});
  await vi.waitFor(() => expect(sick.pid()).not.toBe(second), 40_000);
  await vi.waitFor(async () => expect(await isWatched(sick.url)).toBe(true), 20_000);
  expect([healthy.pid(), await isWatched(healthy.url)]).toEqual([healthyPid, true]);
});

test("a process that is slow on a machine with too much to do is left alone", async () => {
  const stack = aStack({ silentMs: 6_000 });
  const slow = await stack.aServer("slow", 700);
  const pid = slow.pid();
  const others = Array.from({ length: 6 }, () => spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }));
  onTestFinished(() => {
    for (const other of others) other.kill("SIGKILL");
  });
  const until = performance.now() + 12_000;
  while (performance.now() < until) await fetch(slow.url, { signal: AbortSignal.timeout(30_000) });
  expect([slow.pid(), stack.lines]).toEqual([pid, []]);
});
