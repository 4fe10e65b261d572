import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { foreignPage } from "../../../http/foreign.ts";
import { ownResponse, type WholeResponse } from "../../../http/whole.ts";
import { createFonts, fontsPath } from "./fonts.ts";

const scriptOf = (...files: string[]) => files.map((file) => readFileSync(new URL(file, import.meta.url), "utf8")).join("");
const sourceOf = (script: string) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`;

/** What every frame of a plugin may do, below the address of its own build's files. */
const policyOf = (scripts: string, assetPrefix: string, fonts = "") => [
  "sandbox allow-scripts allow-forms",
  "default-src 'none'",
  `script-src ${scripts} ${assetPrefix}`,
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
  const bridge = scriptOf("./no-network.js", "./bridge.js");
  const guard = scriptOf("./no-network.js", "./page-guard.js");
  const fonts = createFonts();
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Plugin</title>
<style>
${fonts.css}
html, body { margin: 0; padding: 0; }
body { color: var(--portico-ink, CanvasText); background: var(--portico-ground, transparent); font: var(--portico-text-md, 14px)/var(--portico-leading, 1.45) var(--portico-font, system-ui, sans-serif); overflow-x: auto; }
#mount { display: flow-root; }
</style>
<script>${bridge}</script>
</head>
<body><section id="mount"></section></body>
</html>
`;

  return {
    font: fonts.respond,

    /** @param assetPrefix absolute address, with a slash at its end, below which the build's files lie. */
    respond: (assetPrefix: string): WholeResponse =>
      ownResponse(html, {
        policy: [
          policyOf(sourceOf(bridge), assetPrefix, `${new URL(fontsPath, assetPrefix)} `).join("; "),
          // A second policy, which must hold as well: only the bridge and what it inserts may run. A nested frame inherits both, and a
          // script tag in its HTML was inserted by nobody that is trusted.
          `script-src ${sourceOf(bridge)} 'strict-dynamic'`,
        ].join(", "),
        headers: {
          "content-type": "text/html; charset=utf-8",
          // The bridge inside is ours and changes with the product, not with the plugin.
          "cache-control": "private, no-cache",
          "referrer-policy": "no-referrer",
        },
      }),

    /** An HTML page of a plugin, which has no bridge. */
    page(html: Buffer, assetPrefix: string): WholeResponse {
      // Our guard first; the page's own doctype after it is ignored. In the file as in what scripts write, no frame has inline HTML.
      const own = html.toString("latin1").replace(/srcdoc/gi, "data-off");
      const whole = Buffer.concat([Buffer.from(`<!doctype html>\n<script>${guard}</script>\n`), Buffer.from(own, "latin1")]);
      const policy = [...policyOf(sourceOf(guard), assetPrefix), "require-trusted-types-for 'script'", "trusted-types default"];
      return foreignPage(whole, policy.join("; "));
    },
  };
}
