export * from "./capabilities.ts";
export * from "./gateway-reasons.ts";
export * from "./handshake.ts";
export * from "./hooks.ts";
export * from "./kinds.ts";
export * from "./manifest.ts";
export * from "./revocations.ts";
export * from "./scopes.ts";
