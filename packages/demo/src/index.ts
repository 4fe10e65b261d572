export { type DemoFile, demoFile } from "./file.ts";
export { type Rest, seedDemo } from "./seed.ts";
