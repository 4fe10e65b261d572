import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createFonts, fontsPath } from "./fonts.ts";

/** The page of a sandboxed frame: our bridge, and whatever script of one plugin build the bridge is told to load. */
export function createFrame() {
  const bridge = readFileSync(new URL("./bridge.js", import.meta.url), "utf8");
  const bridgeHash = createHash("sha256").update(bridge).digest("base64");
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
    respond: (assetPrefix: string): Response =>
      new Response(html, {
        headers: {
          "content-type": "text/html; charset=utf-8",
          // The bridge inside is ours and changes with the product, not with the plugin.
          "cache-control": "private, no-cache",
          "x-content-type-options": "nosniff",
          "referrer-policy": "no-referrer",
          "content-security-policy": [
            "sandbox allow-scripts allow-forms",
            "default-src 'none'",
            `script-src 'sha256-${bridgeHash}' ${assetPrefix}`,
            `style-src 'unsafe-inline' ${assetPrefix}`,
            `img-src ${assetPrefix} data:`,
            `font-src ${assetPrefix} ${new URL(fontsPath, assetPrefix)} data:`,
            `media-src ${assetPrefix}`,
            "connect-src 'none'",
            "frame-ancestors 'self'",
            "form-action 'none'",
            "base-uri 'none'",
          ].join("; "),
        },
      }),
  };
}
