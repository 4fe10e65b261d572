"use client";

import dynamic from "next/dynamic";
import { useEffect, useState } from "react";
import { onOpenPalette, openPalette } from "./open-palette.ts";
import type { Area } from "./shell.tsx";

const load = () => import("./palette.tsx");
const Palette = dynamic(() => load().then((module) => module.Palette), { ssr: false });

/** Opens the palette by Ctrl-K from anywhere, fields included. Its code is loaded when somebody reaches for it. */
export function PaletteHost({ area, isAdmin }: { area: Area; isAdmin: boolean }) {
  const [state, setState] = useState<"not yet" | "opened" | "closed">("not yet");
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      // The first of the two keys comes early enough to load what the second opens.
      if (event.key === "Control" || event.key === "Meta") void load();
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      event.preventDefault();
      openPalette();
    };
    const stop = onOpenPalette(() => setState("opened"));
    document.addEventListener("keydown", press, true);
    return () => {
      stop();
      document.removeEventListener("keydown", press, true);
    };
  }, []);
  return state === "not yet" ? null : (
    <Palette area={area} isAdmin={isAdmin} opened={state === "opened"} onClosed={() => setState("closed")} />
  );
}
