export * from "./frames.ts";
export { Outbox } from "./outbox.ts";
