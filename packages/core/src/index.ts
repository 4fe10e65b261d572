export * from "./deadline.ts";
export * from "./defined.ts";
export * from "./errors.ts";
export * from "./loopback.ts";
export * from "./money.ts";
export * from "./namespace.ts";
export * from "./never-shown.ts";
export * from "./slug.ts";
