import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { takeSettings } from "./private-settings.ts";

test("secrets come from a descriptor, a file or the environment, and stay in none of them", () => {
  const dir = mkdtempSync(join(tmpdir(), "settings-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, "given"), JSON.stringify({ A: "from the descriptor" }));
  writeFileSync(join(dir, "b"), "from the file\n");
  const env: NodeJS.ProcessEnv = { B_FILE: join(dir, "b"), C: "from the environment", PORT: "1" };
  env.PORTICO_SECRETS_FD = String(openSync(join(dir, "given"), "r"));
  expect(takeSettings(env, ["A", "B", "C"])).toMatchObject({
    A: "from the descriptor",
    B: "from the file",
    C: "from the environment",
    PORT: "1",
  });
  expect(env).toEqual({ PORT: "1" });
  expect(() => takeSettings({ B_FILE: join(dir, "none") }, ["B"])).toThrow(/B_FILE names .*none, which cannot be read/);
});
