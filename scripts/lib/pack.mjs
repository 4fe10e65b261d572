import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { dts } from "rolldown-plugin-dts";
import { buildDir, root } from "./paths.mjs";

/** What plugin authors install, and where its entries are. In this repository the sources are imported as they are. */
const published = [
  {
    folder: "packages/plugin-sdk",
    description: "Write Portico plugins in TypeScript.",
    entries: { index: "src/index.ts", testing: "src/testing.ts" },
    platform: "node",
    // Declarations of the SDK name Buffer and AbortSignal.
    peerDependencies: { "@types/node": "*" },
  },
  {
    folder: "plugin-ui",
    description: "Elements and tokens for the pages of Portico plugins.",
    entries: { index: "src/index.ts" },
    platform: "browser",
    peerDependencies: {},
  },
];

const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
/** Packages of ours are built in; all others are installed beside. */
const isInstalled = (id) => !/^[./]/.test(id) && !id.startsWith("@portico/");

/** Dependencies of the package and of those of ours that are built into it. */
function dependenciesOf(folder) {
  const { dependencies = {} } = readJson(join(root, folder, "package.json"));
  return Object.entries(dependencies).flatMap(([id, version]) =>
    isInstalled(id) ? [[id, version]] : dependenciesOf(join("packages", id.slice("@portico/".length))),
  );
}

function manifestOf({ folder, description, entries, peerDependencies }) {
  const { name, version, license } = readJson(join(root, folder, "package.json"));
  const exports = Object.keys(entries).map((entry) => [
    entry === "index" ? "." : `./${entry}`,
    { types: `./${entry}.d.ts`, default: `./${entry}.js` },
  ]);
  return {
    name,
    version,
    license,
    description,
    type: "module",
    engines: { node: ">=22.18" },
    exports: Object.fromEntries(exports),
    dependencies: Object.fromEntries(dependenciesOf(folder)),
    peerDependencies,
  };
}

/** Builds one package into a folder of its own: plain JavaScript, type declarations, manifest, README and licence. */
async function buildPackage(one) {
  const dir = join(buildDir, "packages", readJson(join(root, one.folder, "package.json")).name.replace(/^@[^/]+\//, ""));
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const bundle = await rolldown({
    input: Object.fromEntries(Object.entries(one.entries).map(([entry, file]) => [entry, join(root, one.folder, file)])),
    platform: one.platform,
    external: isInstalled,
    plugins: [dts({ tsconfig: join(root, "tsconfig.json"), eager: true })],
    checks: { pluginTimings: false },
  });
  await bundle.write({ dir, format: "esm", chunkFileNames: "chunks/[name]-[hash].js" });
  await bundle.close();
  writeFileSync(join(dir, "package.json"), `${JSON.stringify(manifestOf(one), null, 2)}\n`);
  copyFileSync(join(root, one.folder, "README.md"), join(dir, "README.md"));
  if (existsSync(join(root, "LICENSE"))) copyFileSync(join(root, "LICENSE"), join(dir, "LICENSE"));
  return dir;
}

/**
 * Builds and packs what plugin authors install.
 * @param {{ children: object, destination: string }} options destination: folder for the tarballs
 * @returns {Promise<string[]>} paths of the tarballs
 */
export async function packPackages({ children, destination }) {
  mkdirSync(destination, { recursive: true });
  const tarballs = [];
  for (const one of published) {
    const dir = await buildPackage(one);
    let file = "";
    await children.run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", destination], {
      doing: `npm pack of ${one.folder}`,
      cwd: dir,
      onLine(line) {
        if (line.trim().endsWith(".tgz")) file = line.trim();
        return line;
      },
    });
    tarballs.push(join(destination, file));
  }
  return tarballs;
}
