import { readFileSync } from "node:fs";
import { notFound } from "@portico/core";
import { ownResponse, type WholeResponse } from "../../../http/whole.ts";

/** Those of app/frame.tsx: what the pages around a frame are written in. */
const sheets = ["ibm-plex-sans/400", "ibm-plex-sans/500", "ibm-plex-sans/600", "ibm-plex-mono/400", "ibm-plex-mono/500"];
const fontFile = /url\(\.\/files\/([\w-]+\.woff2)\) format\('woff2'\)(?:, url\([^)]*\.woff\) format\('woff'\))?/g;

/** Below it lie the product's fonts, and nothing else. */
export const fontsPath = "/plugin-frame/fonts/";

const contentOf = (name: string) => readFileSync(new URL(import.meta.resolve(`@fontsource/${name}`)));

/** The product's own fonts, for frames that may load nothing of ours otherwise. */
export function createFonts() {
  const files = new Map<string, Buffer<ArrayBuffer>>();
  const css = sheets
    .map((sheet) =>
      contentOf(`${sheet}.css`)
        .toString("utf8")
        .replace(fontFile, (_, file: string) => {
          files.set(file, contentOf(`${sheet.split("/")[0]}/files/${file}`));
          return `url(${fontsPath}${file}) format('woff2')`;
        }),
    )
    .join("\n");

  return {
    /** `@font-face` rules for all of them. */
    css,

    respond(file: string): WholeResponse {
      const bytes = files.get(file);
      if (!bytes) throw notFound("Font");
      return ownResponse(bytes, {
        headers: {
          "content-type": "font/woff2",
          "content-length": String(bytes.length),
          "cache-control": "public, max-age=86400",
          // A frame without an origin is a stranger to us, and browsers ask fonts for leave.
          "access-control-allow-origin": "*",
          "cross-origin-resource-policy": "cross-origin",
        },
      });
    },
  };
}
