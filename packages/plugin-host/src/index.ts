export { isLost, isUnimplemented } from "./call-errors.ts";
export { createPluginHost } from "./host.ts";
export { codeHashOf } from "./launch/code.ts";
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
  PluginStreamMethods,
  PluginUnaryMethods,
  RpcMetrics,
  RunningPlugin,
  StreamOptions,
  Timings,
} from "./types.ts";
