import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = new URL("./", import.meta.url);

/** Bundles the kit, lit included, into one versioned ES module; answers its path. */
export async function buildPluginUi() {
  const { version } = JSON.parse(await readFile(new URL("package.json", here), "utf8"));
  const outfile = fileURLToPath(new URL(`dist/portico-ui-${version}.js`, here));
  await build({
    entryPoints: [fileURLToPath(new URL("src/index.ts", here))],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none",
    logLevel: "warning",
  });
  return outfile;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await buildPluginUi());
