export { createFilterEngine, type FilterEngine, type FilterHost } from "./engine.ts";
export { createHttpCaller } from "./http.ts";
export { limits } from "./limits.ts";
export type { FilterFailure, FilterInput, FilterMessage, FilterOutput, FilterRun } from "./types.ts";
