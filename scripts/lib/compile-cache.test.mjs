import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { compileCache } from "./compile-cache.mjs";

function aFolder() {
  const dir = mkdtempSync(join(tmpdir(), "portico-cache-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Runs a module that starts a child without arguments, as a plugin is started, and answers where each of them keeps its code. */
function placesOf(dir, cache) {
  const say = "console.log(require('node:module').getCompileCacheDir() ?? 'nowhere')";
  writeFileSync(join(dir, "part.mts"), "export const part: string = 'x';");
  writeFileSync(
    join(dir, "main.mjs"),
    `import { execFileSync } from "node:child_process"; import { getCompileCacheDir } from "node:module"; import "./part.mts";
     console.log(getCompileCacheDir() ?? "nowhere");
     console.log(execFileSync(process.execPath, ["-e", ${JSON.stringify(say)}], { encoding: "utf8" }).trim());`,
  );
  const env = { ...process.env, NODE_COMPILE_CACHE: join(dir, "users"), ...cache.env };
  return execFileSync(process.execPath, [...cache.args, join(dir, "main.mjs")], { env, encoding: "utf8" })
    .trim()
    .split("\n");
}

test("a process keeps its compiled code where only its owner may go, and what it starts neither writes there nor where the user said", () => {
  const dir = aFolder();
  const cache = compileCache("studio", join(dir, "compile-cache"));
  const [own, childs] = placesOf(dir, cache);
  expect(own).toContain(join(dir, "compile-cache", "studio"));
  expect(childs).toBe("nowhere");
  expect(readdirSync(own).length).toBeGreaterThan(0);
  for (const part of ["compile-cache", "compile-cache/studio"]) expect(statSync(join(dir, part)).mode & 0o777).toBe(0o700);
});

test("a folder that others may write to, or that is a link to another, is not used", () => {
  const dir = aFolder();
  compileCache("studio", join(dir, "open"));
  chmodSync(join(dir, "open", "studio"), 0o770);
  symlinkSync(join(dir, "open"), join(dir, "link"));
  for (const place of ["open", "link"]) expect(placesOf(dir, compileCache("studio", join(dir, place)))).toEqual(["nowhere", "nowhere"]);
});
