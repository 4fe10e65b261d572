import type { PluginRuntime } from "@portico/protocol";
import type { PluginServiceService } from "@portico/protocol/plugin";
import type { Assets } from "../assets.ts";
import type { PluginContext } from "../context.ts";
import type { PluginDefinition } from "../definition.ts";
import type { HostServices } from "../services.ts";

type Definition = typeof PluginServiceService;
/** Names of the rpcs of the plugin service. */
export type MethodName = keyof Definition;
type StreamName = { [K in MethodName]: Definition[K]["responseStream"] extends true ? K : never }[MethodName];
/** What the wire hands to and takes from an rpc. */
export type RequestOf<K extends MethodName> = ReturnType<Definition[K]["requestDeserialize"]>;
export type ResponseOf<K extends MethodName> = ReturnType<Definition[K]["responseDeserialize"]>;

/** What is known of one call on the wire. */
export type CallInfo = {
  /** Aborted when the host cancels or its deadline passes. */
  signal: AbortSignal;
};

/** The plugin service as plain functions, so that the wire and tests drive the same code. */
export type PluginHandlers = {
  [K in Exclude<MethodName, StreamName>]: (request: RequestOf<K>, call: CallInfo) => Promise<ResponseOf<K>>;
} & {
  [K in StreamName]: (request: RequestOf<K>, call: CallInfo, write: (chunk: ResponseOf<K>) => Promise<void>) => Promise<void>;
};

/** What all groups of handlers share. */
export type ServiceParts<Config> = {
  definition: PluginDefinition<Config>;
  runtime: PluginRuntime;
  services: HostServices;
  assets: Assets | undefined;
  state: { pluginId: number; config: Config };
  /** The context of a call; without a wire context its fields are empty. */
  contextOf(wireContext: WireContext | undefined, signal: AbortSignal): PluginContext<Config>;
};

/** The context as the wire carries it. */
export type WireContext = {
  requestId: string;
  vendor: string;
  llmId: number;
  llmSlug: string;
  appId: number;
  userId: number;
  metadata: Record<string, string>;
  traceContext: Record<string, string>;
};
