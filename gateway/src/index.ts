export { type Gateway, startGateway } from "./gateway.ts";
export { defaultLimits, type Limits, readSettings, type Settings } from "./settings.ts";
