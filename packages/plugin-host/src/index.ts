export { createPluginHost } from "./host.ts";
export { isUnimplemented } from "./hot-client.ts";
export type {
  CallOptions,
  GrpcService,
  Inspection,
  Isolation,
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
