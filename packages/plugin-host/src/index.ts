export { createPluginHost } from "./host.ts";
export { isUnimplemented } from "./hot-client.ts";
export type {
  CallOptions,
  GrpcService,
  Inspection,
  LogLine,
  PluginHost,
  PluginHostOptions,
  PluginSpec,
  PluginState,
  PluginStatus,
  PluginUnaryMethods,
  RunningPlugin,
  Timings,
} from "./types.ts";
