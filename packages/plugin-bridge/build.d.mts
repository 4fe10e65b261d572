/** Builds the bundles that run inside plugins' frames. @returns the files written. */
export function buildPluginBridge(): Promise<string[]>;
