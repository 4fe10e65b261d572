export { type DemoVendor, startDemoVendor } from "./server.ts";
