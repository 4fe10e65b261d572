import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = new URL("./", import.meta.url);
const at = (path) => fileURLToPath(new URL(path, here));

/** Bundles what runs inside plugins' frames: `dist/frame.js` before an element, `dist/page.js` before an HTML page. Scripts that leak no names. */
export async function buildPluginBridge() {
  const { metafile } = await build({
    entryPoints: [at("src/frame.ts"), at("src/page.ts")],
    outdir: at("dist"),
    bundle: true,
    format: "iife",
    target: "es2022",
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
  });
  return Object.keys(metafile.outputs);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) for (const file of await buildPluginBridge()) console.log(file);
