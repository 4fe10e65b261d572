const openers = new Set<() => void>();

/** Opens the command palette of the page. */
export function openPalette(): void {
  for (const open of openers) open();
}

/** For whatever shows the palette. @returns what ends it. */
export function onOpenPalette(open: () => void): () => void {
  openers.add(open);
  return () => openers.delete(open);
}
