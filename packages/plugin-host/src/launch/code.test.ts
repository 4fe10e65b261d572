import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { aHost, aSpec, ask, fixturePath } from "../../test/harness.ts";
import { codeHashOf } from "./code.ts";

async function aFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "code-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test("a script is known by its whole folder but not by installed dependencies, a binary by itself", async () => {
  const dir = await aFolder();
  const script = join(dir, "plugin.sh");
  await writeFile(script, "#!/bin/sh\n");
  const first = await codeHashOf(script);
  await mkdir(join(dir, "node_modules"));
  await writeFile(join(dir, "node_modules", "dependency.js"), "x");
  expect(await codeHashOf(script)).toBe(first);
  await mkdir(join(dir, "lib"));
  await writeFile(join(dir, "lib", "helper.sh"), "a");
  const second = await codeHashOf(script);
  expect(second).not.toBe(first);
  await writeFile(join(dir, "lib", "helper.sh"), "b");
  expect(await codeHashOf(script)).not.toBe(second);

  const binary = join(dir, "binary");
  await copyFile("/bin/sh", binary);
  const alone = await codeHashOf(binary);
  await writeFile(join(dir, "lib", "helper.sh"), "c");
  expect(await codeHashOf(binary)).toBe(alone);
});

test("a plugin runs only while its code is what was approved, unless it is under development", async () => {
  const host = aHost();
  const { codeHash } = await host.inspect(fixturePath);
  expect(codeHash).toMatch(/^[0-9a-f]{64}$/);
  const other = "0".repeat(64);
  await host.reconcile([aSpec(1, { codeHash }), aSpec(2, { codeHash: other }), aSpec(3, { codeHash: other, dev: true }), aSpec(4)]);
  expect(host.status(1)?.state).toBe("healthy");
  expect(host.status(2)).toMatchObject({ state: "failed", error: expect.stringContaining("changed since it was approved"), pid: null });
  expect(await ask(host, 3, "echo", "in development")).toBe("in development");

  const pid = host.status(4)?.pid;
  await host.reconcile([aSpec(4, { codeHash })]);
  expect(host.status(4)?.pid, "approving the code that runs interrupts nothing").toBe(pid);
  await host.reconcile([aSpec(4, { codeHash: other })]);
  expect(host.status(4)).toMatchObject({ state: "failed", pid: null });
});

test("a folder too large to be the plugin's own does not count, only the script", async () => {
  const dir = await aFolder();
  const script = join(dir, "plugin.sh");
  await writeFile(script, "#!/bin/sh\n");
  await chmod(script, 0o755);
  await Promise.all(Array.from({ length: 2_001 }, (_, at) => writeFile(join(dir, `file-${at}`), "")));
  const before = await codeHashOf(script);
  await writeFile(join(dir, "file-0"), "changed");
  expect(await codeHashOf(script)).toBe(before);
  await writeFile(script, "#!/bin/sh\nexit 1\n");
  expect(await codeHashOf(script)).not.toBe(before);
});
