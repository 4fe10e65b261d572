import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { hashOf, stamp } from "./inputs.mjs";
import { takeLock } from "./lock.mjs";
import { buildDir, pinnedNode, root, toolEnv } from "./paths.mjs";
import { precompress } from "./precompress.mjs";
import { checkDisk } from "./preflight.mjs";
import { stubsPresent, writeStubs } from "./protocol-stubs.mjs";
import { Stop } from "./stop.mjs";

const node = existsSync(pinnedNode) ? pinnedNode : process.execPath;
const nextInputs = [
  "app",
  "components",
  "server",
  "packages/core",
  "packages/plugin-bridge",
  "packages/protocol",
  "public",
  "next.config.mjs",
  "tsconfig.json",
  "tsconfig.web.json",
  "postcss.config.mjs",
  "package.json",
  "package-lock.json",
  "scripts/lib/precompress.mjs",
];

/** Generating the client needs no engine, only the name of some executable in its place; nothing is downloaded. */
export const prismaEnv = (extra = {}) =>
  toolEnv({
    CHECKPOINT_DISABLE: "1",
    PRISMA_HIDE_UPDATE_MESSAGE: "1",
    PRISMA_SCHEMA_ENGINE_BINARY: join(root, "scripts", "schema-engine.mjs"),
    ...extra,
  });

export const prismaCli = join(root, "node_modules", "prisma", "build", "index.js");

function generateStep() {
  return {
    name: "prisma-client",
    label: "Generating the database client",
    hash: () => hashOf(["prisma/schema.prisma", "prisma.config.ts", "node_modules/prisma/package.json"]),
    present: () => existsSync(join(root, "server", "db", "generated", "client.ts")),
    run: (children) =>
      children.run(node, [prismaCli, "generate"], { doing: "Generating the database client", cwd: root, env: prismaEnv() }),
  };
}

function stubsStep() {
  return {
    name: "protocol-stubs",
    label: "Generating the protocol stubs",
    hash: () =>
      hashOf([
        "packages/protocol/proto",
        "packages/protocol/buf.gen.yaml",
        "scripts/lib/protocol-stubs.mjs",
        "node_modules/ts-proto/package.json",
        "node_modules/@bufbuild/buf/package.json",
      ]),
    present: stubsPresent,
    run: writeStubs,
  };
}

/** Browser code: what runs in plugins' frames, the UI kit, then the plugins' pages, which bundle it. */
function uiSteps() {
  const tools = ["node_modules/esbuild/package.json"];
  return [
    {
      name: "plugin-bridge",
      label: "Building the bridge of plugins' frames",
      hash: () => hashOf(["packages/plugin-bridge", ...tools]),
      present: () => existsSync(join(root, "packages", "plugin-bridge", "dist", "frame.js")),
      run: (children) =>
        children.run(node, [join("packages", "plugin-bridge", "build.mjs")], {
          doing: "Building the bridge of plugins' frames",
          cwd: root,
          env: toolEnv(),
        }),
    },
    {
      name: "plugin-ui",
      label: "Building the plugin UI kit",
      hash: () => hashOf(["plugin-ui", ...tools]),
      present: () => existsSync(join(root, "plugin-ui", "dist")),
      run: (children) =>
        children.run(node, ["build.mjs"], { doing: "Building the plugin UI kit", cwd: join(root, "plugin-ui"), env: toolEnv() }),
    },
    {
      name: "plugins",
      label: "Building the plugins' pages",
      hash: () => hashOf(["plugins", "plugin-ui", ...tools]),
      present: () => pluginsWithPages().every((dir) => existsSync(join(dir, "ui", "dist"))),
      run: (children) =>
        children.run(node, [join("plugins", "build-ui.mjs")], { doing: "Building the plugins' pages", cwd: root, env: toolEnv() }),
    },
  ];
}

function pluginsWithPages() {
  return readdirSync(join(root, "plugins"))
    .map((name) => join(root, "plugins", name))
    .filter((dir) => existsSync(join(dir, "ui")));
}

function nextStep() {
  return {
    name: "next",
    label: "Building the pages (first time: half a minute or more)",
    hash: () => hashOf(nextInputs),
    present: () => existsSync(join(root, ".next", "BUILD_ID")),
    async run(children) {
      await children.run(node, [join(root, "node_modules", "next", "dist", "bin", "next"), "build"], {
        doing: "Building the pages",
        cwd: root,
        env: toolEnv({ NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" }),
      });
      await precompress(join(root, ".next", "static"));
    },
  };
}

/**
 * Brings everything that is built up to date with its inputs; what did not change is not built again.
 * @param {{ children: object, progress: object, pages?: boolean, force?: boolean }} options pages: also the production build of Next
 */
export async function ensureBuilt({ children, progress, pages = true, force = false }) {
  const due = [stubsStep(), generateStep(), ...uiSteps(), ...(pages ? [nextStep()] : [])].flatMap((step) => {
    const hash = step.hash();
    return !force && stamp(step.name).matches(hash) && step.present() ? [] : [{ ...step, hash }];
  });
  if (due.length === 0) return;
  const lock = takeLock(join(buildDir, "build.lock"));
  if (lock.holder)
    throw new Stop(
      `Process ${lock.holder.pid} is building in this folder right now; wait until it is done and run the same command again.`,
    );
  try {
    checkDisk(root, 500, "Building");
    for (const step of due) {
      const shown = progress.begin(step.label);
      stamp(step.name).clear();
      try {
        await step.run(children);
      } catch (error) {
        shown.fail();
        throw error;
      }
      stamp(step.name).write(step.hash);
      shown.done();
    }
  } finally {
    lock.release();
  }
}
