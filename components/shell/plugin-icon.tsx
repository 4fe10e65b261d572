"use client";

import { IconPuzzle } from "@tabler/icons-react";
import { useState } from "react";

/** The icon that a plugin's manifest names for its section. As an image it runs no script, whatever is in the file. */
export function PluginIcon({ url }: { url: string | null }) {
  const [broken, setBroken] = useState<string | null>(null);
  if (!url || broken === url) return <IconPuzzle size={17} stroke={1.6} aria-hidden />;
  // biome-ignore lint/performance/noImgElement: a file of the plugin, 17 pixels wide; there is nothing to optimize.
  return <img src={url} alt="" width={17} height={17} onError={() => setBroken(url)} />;
}
