import { existsSync, watch } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureBuilt } from "./build-steps.mjs";
import { root } from "./paths.mjs";

const settleMs = 200;
const ignored = /(^|[/\\])(node_modules|\.next|dist|generated|\.data)([/\\]|$)|\.test\.[cm]?[jt]sx?$|(^|[/\\])[.#][^/\\]*$|~$/;
const source = /\.([cm]?[jt]sx?|json|proto|css|html|svg|prisma|sql)$/;

/** Development: what a saved file belongs to is built and started again. Pages are Next's own business. */
export function watchSources({ children, progress, studio, vendor, gateway, studioUrl, apiToken }) {
  const changed = new Set();
  let timer;
  let busy = Promise.resolve();

  for (const folder of ["server", "packages", "gateway", "plugins", "plugin-ui", "prisma"]) {
    const dir = join(root, folder);
    if (!existsSync(dir)) continue;
    watch(dir, { recursive: true }, (_event, name) => {
      if (!name || ignored.test(name) || !source.test(name)) return;
      changed.add([folder, ...name.split(sep)].join("/"));
      clearTimeout(timer);
      timer = setTimeout(() => {
        const paths = [...changed];
        changed.clear();
        busy = busy.then(() => reload(paths)).catch((error) => progress.say(`  ! ${error.message}`));
      }, settleMs);
    }).on("error", (error) => progress.say(`  ! ${dir} is no longer watched (${error.message}); restart npm run dev.`));
  }

  async function reload(paths) {
    if (children.stopping) return;
    const touches = (...prefixes) => paths.some((path) => prefixes.some((prefix) => path.startsWith(prefix)));
    if (touches("prisma/", "plugin-ui/", "plugins/")) await ensureBuilt({ children, progress, pages: false });
    const host = touches("packages/core/", "packages/protocol/", "packages/plugin-host/");
    const restarts = [];
    if (host || touches("server/", "prisma/")) restarts.push(studio);
    if (touches("packages/demo-vendor/")) restarts.push(vendor);
    if (host || touches("gateway/")) restarts.push(gateway);
    for (const service of restarts) {
      progress.say(`  ${service.name}: restarting (${paths[0]}${paths.length > 1 ? ` and ${paths.length - 1} more` : ""})`);
      await service.restart();
    }
    const all = touches("packages/plugin-sdk/", "plugin-ui/");
    const folders = [...new Set(paths.filter((path) => path.startsWith("plugins/")).map((path) => path.split("/").slice(0, 2).join("/")))];
    // A restarted studio starts its plugins afresh anyway.
    if ((all || folders.length) && !restarts.includes(studio))
      await reloadPlugins((command) => all || folders.some((folder) => isBelow(command, folder)));
  }

  async function reloadPlugins(concerns) {
    const call = async (method, path) => {
      const response = await fetch(`${studioUrl}${path}`, {
        method,
        headers: { authorization: `Bearer ${apiToken}` },
        signal: AbortSignal.timeout(30_000),
      });
      if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: reload the plugin on its page.`);
      return response.json();
    };
    const { data } = await call("GET", "/api/v1/plugins?page_size=100");
    for (const { id, attributes } of data) {
      if (!concerns(attributes.command ?? "")) continue;
      progress.say(`  plugin ${attributes.name}: reloading`);
      await call("POST", `/api/v1/plugins/${id}/reload`);
    }
  }
}

function isBelow(command, folder) {
  try {
    const path = command.startsWith("file://") ? fileURLToPath(command) : command;
    return path.startsWith(`${join(root, folder)}${sep}`);
  } catch {
    return false;
  }
}
