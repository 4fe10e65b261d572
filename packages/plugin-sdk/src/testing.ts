export type * from "./testing/driver.ts";
export { type TestedPlugin, testPlugin } from "./testing/in-process.ts";
export { createTestKv, type TestKv } from "./testing/kv.ts";
export { type LaunchedPlugin, type LaunchOptions, launchPlugin } from "./testing/launch.ts";
