import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { buildDir, root } from "../scripts/lib/paths.mjs";

/** A post-auth plugin that sets one header, in TypeScript on our SDK and, where Go is installed, in Go on go-plugin. */
export function benchPlugins() {
  const plugins = [{ name: "TypeScript", command: `file://${join(root, "bench", "plugin.ts")}`, config: {} }];
  const file = join(buildDir, "bench", "goplugin");
  try {
    mkdirSync(join(buildDir, "bench"), { recursive: true });
    execFileSync("go", ["build", "-trimpath", "-o", file, "./goplugin"], { cwd: join(root, "interop"), stdio: "ignore" });
    plugins.push({ name: "Go", command: `file://${file}`, config: { keep_body: "1" } });
  } catch {
    // Go is not installed.
  }
  return plugins;
}
