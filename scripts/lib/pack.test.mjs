import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@portico/core/logger";
import { createPluginHost } from "@portico/plugin-host";
import { build } from "esbuild";
import { expect, onTestFinished, test } from "vitest";
import { createChildren } from "./children.mjs";
import { packPackages } from "./pack.mjs";
import { pinnedNode, root, systemEnv } from "./paths.mjs";

const project = {
  "package.json": JSON.stringify({ name: "acme-counter", private: true, type: "module" }),
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      target: "es2022",
      module: "nodenext",
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      allowImportingTsExtensions: true,
      types: ["node"],
      lib: ["es2023", "dom", "dom.iterable", "esnext.disposable"],
    },
  }),
  "plugin.ts": `#!/usr/bin/env node
import { allow, beforeSave, configSchema, defineManifest, definePlugin, pass, type RpcOf } from "@portico/plugin-sdk";

const plugin = definePlugin({
  manifest: defineManifest({
    id: "com.acme.counter",
    version: "1.0.0",
    name: "Counter",
    permissions: { services: ["kv.readwrite"] },
  }),
  configSchema: configSchema({ type: "object", properties: { step: { type: "integer", default: 2 } } }),
  postAuth: () => pass(),
  objectHooks: [beforeSave("llm", ({ object }) => allow({ message: object.name }))],
  rpc: { step: (_, { config }) => ({ step: config.step }) },
});
export type Rpc = RpcOf<typeof plugin>;
export default plugin;
`,
  "ui/counter.ts": `import { define, html, PorticoElement } from "@portico/plugin-ui";
import type { Rpc } from "../plugin.ts";

class AcmeCounter extends PorticoElement {
  #step = this.rpc<Rpc>()("step");
  override render() {
    return this.#step.render({ complete: ({ step }) => html\`<p>\${step.toFixed(0)}</p>\` });
  }
}
define("acme-counter", AcmeCounter);
`,
  "wrong.ts": `import { defineManifest } from "@portico/plugin-sdk";
import { PorticoElement } from "@portico/plugin-ui";
import type { Rpc } from "./plugin.ts";

defineManifest({ id: "a", version: "1", name: "A", capabilities: { hooks: ["post-auth"] } });
export const wrong = (element: PorticoElement) => element.call<Rpc>()("stop");
`,
};

test("an author installs the packed SDK and UI kit in an empty folder, builds against their types, and the plugin loads", {
  timeout: 120_000,
}, async () => {
  const dir = mkdtempSync(join(tmpdir(), "portico-author-"));
  const children = createChildren();
  onTestFinished(async () => {
    await children.stopAll();
    rmSync(dir, { recursive: true, force: true });
  });
  const tarballs = await packPackages({ children, destination: join(dir, "tarballs") });
  mkdirSync(join(dir, "ui"));
  for (const [file, content] of Object.entries(project)) writeFileSync(join(dir, file), content);
  chmodSync(join(dir, "plugin.ts"), 0o755);

  const types = `@types/node@${JSON.parse(readFileSync(join(root, "node_modules/@types/node/package.json"), "utf8")).version}`;
  await children.run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts", ...tarballs, types], {
    doing: "npm install of the packed SDK",
    cwd: dir,
    env: systemEnv(),
  });
  expect(readdirSync(join(dir, "node_modules", "@portico")).sort()).toEqual(["plugin-sdk", "plugin-ui"]);

  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const complaints = (() => {
    try {
      return execFileSync(pinnedNode, [tsc, "-p", dir], { encoding: "utf8" });
    } catch (error) {
      return String(error.stdout);
    }
  })();
  // Only the file that is wrong on purpose: a hook that does not exist and a method that the plugin does not have.
  expect(
    complaints
      .trim()
      .split("\n")
      .filter((line) => line.includes("error TS")),
  ).toEqual([expect.stringMatching(/^\S*wrong\.ts\(5,.*"post-auth"/), expect.stringMatching(/^\S*wrong\.ts\(6,.*"stop"/)]);

  const page = await build({
    entryPoints: [join(dir, "ui/counter.ts")],
    bundle: true,
    write: false,
    format: "iife",
    logLevel: "silent",
  });
  expect(page.outputFiles[0].text).toContain("acme-counter");

  const host = createPluginHost({ runtime: "studio", logger: createLogger({ level: "error" }), services: () => [] });
  onTestFinished(() => host.close());
  const command = `file://${join(dir, "plugin.ts")}`;
  const { manifest, configSchema } = await host.inspect(command);
  expect(JSON.parse(manifest)).toMatchObject({
    capabilities: { hooks: ["post_auth", "object_hooks"] },
    permissions: { services: ["kv.readwrite"], object_hooks: ["llm.before_create", "llm.before_update"], rpc: ["step"] },
  });
  expect(JSON.parse(configSchema).properties.step.default).toBe(2);
  await host.reconcile([{ id: 1, name: "Counter", slug: "counter", command, checksum: "", config: { step: 5 }, generation: 1 }]);
  const answer = await host.require(1).call("call", { method: "step", payload: "{}", serviceBrokerId: 0 }, { timeoutMs: 10_000 });
  expect(answer).toMatchObject({ success: true, data: '{"step":5}' });
});
