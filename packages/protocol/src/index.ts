export * from "./capabilities.ts";
export * from "./handshake.ts";
export * from "./hooks.ts";
export * from "./manifest.ts";
export * from "./scopes.ts";
