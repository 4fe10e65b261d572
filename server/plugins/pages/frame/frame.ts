import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { foreignPage } from "../../../http/foreign.ts";
import { ownResponse, type WholeResponse } from "../../../http/whole.ts";
import { createFonts, fontsPath } from "./fonts.ts";

const bundles = new URL("../../../../packages/plugin-bridge/dist/", import.meta.url);

function textOf(file: URL): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new Error(`The file ${file.pathname} is missing; npm run build writes it.`, { cause });
  }
}
const own = (file: string) => textOf(new URL(file, import.meta.url));
const bundle = (name: string) => textOf(new URL(name, bundles));
const sourceOf = (script: string) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`;

/** Handlers in attributes run only if the plugin's own files have them, word for word. */
const attributesOf = (handlers: readonly string[]) =>
  handlers.length === 0 ? "script-src-attr 'none'" : `script-src-attr 'unsafe-hashes' ${handlers.join(" ")}`;

/** What every frame of a plugin may do, below the address of its own build's files. Dialogs are guarded by packages/plugin-bridge. */
const policyOf = (scripts: string, assetPrefix: string, handlers: readonly string[], fonts = "") => [
  "sandbox allow-scripts allow-forms allow-modals",
  "default-src 'none'",
  `script-src ${scripts} ${assetPrefix}`,
  attributesOf(handlers),
  `style-src 'unsafe-inline' ${assetPrefix}`,
  `img-src ${assetPrefix} data:`,
  `font-src ${assetPrefix} ${fonts}data:`,
  `media-src ${assetPrefix}`,
  "connect-src 'none'",
  "frame-src 'none'",
  "worker-src 'none'",
  "frame-ancestors 'self'",
  "form-action 'none'",
  "base-uri 'none'",
];

/** The pages of sandboxed frames: our bridge with the script of one plugin build that it is told to load, and plugins' own HTML pages. */
export function createFrame() {
  const fonts = createFonts();
  const element = once(() => {
    const bridge = own("./no-network.js") + bundle("frame.js");
    return { html: frameHtml(bridge, fonts.css), source: sourceOf(bridge) };
  });
  const page = once(() => {
    const guard = own("./no-network.js") + bundle("page.js") + own("./page-guard.js");
    return { guard, source: sourceOf(guard) };
  });

  return {
    font: fonts.respond,

    /**
     * @param assetPrefix absolute address, with a slash at its end, below which the build's files lie.
     * @param handlers policy sources of the inline event handlers that may run.
     */
    respond(assetPrefix: string, handlers: readonly string[]): WholeResponse {
      const { html, source } = element();
      return ownResponse(html, {
        policy: [
          policyOf(source, assetPrefix, handlers, `${new URL(fontsPath, assetPrefix)} `).join("; "),
          // A second policy, which must hold as well: only the bridge and what it inserts may run. A nested frame inherits both, and a
          // script tag in its HTML was inserted by nobody that is trusted.
          `script-src ${source} 'strict-dynamic'; ${attributesOf(handlers)}`,
        ].join(", "),
        headers: {
          "content-type": "text/html; charset=utf-8",
          // The bridge inside is ours and changes with the product, not with the plugin.
          "cache-control": "private, no-cache",
          "referrer-policy": "no-referrer",
        },
      });
    },

    /** An HTML page of a plugin, which has no bridge. */
    page(html: Buffer, assetPrefix: string, handlers: readonly string[]): WholeResponse {
      const { guard, source } = page();
      // Our guard first; the page's own doctype after it is ignored. In the file as in what scripts write, no frame has inline HTML.
      const safe = html.toString("latin1").replace(/srcdoc/gi, "data-off");
      const whole = Buffer.concat([Buffer.from(`<!doctype html>\n<script>${guard}</script>\n`), Buffer.from(safe, "latin1")]);
      const policy = [...policyOf(source, assetPrefix, handlers), "require-trusted-types-for 'script'", "trusted-types default"];
      return foreignPage(whole, policy.join("; "));
    },
  };
}

/** The bundles are read for the first frame: nothing else needs them to be built. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

const frameHtml = (bridge: string, fontCss: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Plugin</title>
<style>
${fontCss}
html, body { margin: 0; padding: 0; }
body { color: var(--portico-ink, CanvasText); background: var(--portico-ground, transparent); font: var(--portico-text-md, 14px)/var(--portico-leading, 1.45) var(--portico-font, system-ui, sans-serif); overflow-x: auto; }
#mount { display: flow-root; }
</style>
<script>${bridge}</script>
</head>
<body><section id="mount"></section></body>
</html>
`;
