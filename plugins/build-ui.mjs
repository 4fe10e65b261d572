import { copyFile, mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const pluginsFolder = dirname(fileURLToPath(import.meta.url));
const isScript = (name) => /(?<!\.d|\.test)\.ts$/.test(name);
const isImage = (name) => /\.(svg|png|webp)$/.test(name);

/**
 * Bundles each ui/*.ts of the given plugin folders (default: all of plugins/) into one self-contained file of the same
 * name in its ui/dist/, and copies the images beside them. Pages run a script as a classic or as a module script, so it
 * is an IIFE that leaks no names. Answers the scripts written.
 */
export async function buildPluginPages(folders) {
  const all = await readdir(pluginsFolder, { withFileTypes: true });
  const plugins = folders ?? all.filter((entry) => entry.isDirectory()).map((entry) => join(pluginsFolder, entry.name));
  const written = [];
  for (const plugin of plugins) {
    const [ui, dist] = [join(plugin, "ui"), join(plugin, "ui/dist")];
    const files = await readdir(ui).catch(() => []);
    const entryPoints = files.filter(isScript).map((file) => join(ui, file));
    if (entryPoints.length === 0) continue;
    await mkdir(dist, { recursive: true });
    for (const image of files.filter(isImage)) await copyFile(join(ui, image), join(dist, image));
    const { metafile } = await build({
      entryPoints,
      outdir: dist,
      bundle: true,
      format: "iife",
      target: "es2022",
      minify: true,
      legalComments: "none",
      logLevel: "warning",
      metafile: true,
    });
    written.push(...Object.keys(metafile.outputs));
  }
  return written;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folders = process.argv.slice(2);
  for (const file of await buildPluginPages(folders.length > 0 ? folders : undefined)) console.log(file);
}
