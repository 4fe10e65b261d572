import type { ConfigSchema } from "./config.ts";
import type { PluginContext } from "./context.ts";
import type { Manifest, ManifestJson } from "./manifest.ts";
import type { ObjectHook } from "./object-hooks.ts";
import type { AgentMessage, AnalyticsRecord, BudgetUsage, EdgePayload, EndpointRequest, ProxyLog, ScheduledTask } from "./payloads.ts";
import type { AuthResult, Body, RequestResult, ResponseResult } from "./results.ts";

type Maybe<T> = T | Promise<T>;
type Handler<Input, Result, Config> = (input: Input, ctx: PluginContext<Config>) => Maybe<Result>;

/** A client's request to an LLM. */
export type LlmRequest = {
  method: string;
  path: string;
  /** First value of each header. */
  headers: Record<string, string>;
  body: Buffer;
  remoteAddr: string;
  /** The body as a JSON object; undefined when it is not one. */
  json(): Record<string, unknown> | undefined;
};
/** A request whose sender is known. */
export type AuthenticatedRequest = LlmRequest & { appId: number; claims: Record<string, string> };
/** A credential to judge, and the request it came with. */
export type AuthRequest = { credential: string; authType: string; request: LlmRequest };
/** The head of a vendor's response. */
export type ResponseHead = { headers: Record<string, string> };
/** A vendor's whole response, decompressed. Streamed responses pass `onStreamComplete` instead. */
export type LlmResponse = ResponseHead & { body: Buffer; isStreamChunk: boolean; json(): Record<string, unknown> | undefined };
/** A streamed response after its end. */
export type CompletedStream = {
  response: Buffer;
  requestBody: Buffer;
  headers: Record<string, string>;
  status: number;
  chunkCount: number;
};

/** The portal user behind a portal call. The host vouches for it; the groups are names. */
export type PortalUser = {
  id: number;
  email: string;
  name: string;
  isAdmin: boolean;
  groups: string[];
  metadata: Record<string, string>;
};

/** Arguments as a page sent them: a JSON object, to be judged before use. */
export type RpcArgs = Record<string, unknown>;
/** Answers a page. What it returns is sent as JSON; what it throws reaches the page as the error's message. */
export type RpcHandler<Config> = (args: RpcArgs, ctx: PluginContext<Config>) => unknown;
/** Answers a portal page; `ctx.user` is the person. Anyone who is logged in can call it: check `ctx.user` where it matters. */
export type PortalRpcHandler<Config> = (args: RpcArgs, ctx: PluginContext<Config> & { user: PortalUser }) => unknown;

/** A path below `/plugins/{slug}` that a gateway serves: exact, or `/files/*` for all below it; `/*` takes what nothing else does. */
export type Endpoint<Config> = {
  path: string;
  methods: string[];
  description?: string;
  /** Ask for an app's credential first. */
  requireAuth?: boolean;
  metadata?: Record<string, string>;
  handle: Handler<EndpointRequest, EndpointReply, Config>;
};
/** Status 200 and no headers unless given. An async iterable body is streamed to the client piece by piece. */
export type EndpointReply = { status?: number; headers?: Record<string, string>; body?: Body | AsyncIterable<string | Uint8Array> };

/** One piece of an agent's answer. */
export type AgentChunk = {
  type: "content" | "tool_call" | "tool_result" | "thinking" | "error";
  content: string;
  metadata?: Record<string, unknown>;
};

/** One thing of a resource type that apps can be given. */
export type ResourceInstance = {
  id: string;
  name: string;
  description?: string;
  privacyScore?: number;
  metadata?: unknown;
  isActive?: boolean;
};
/** A resource type the plugin supplies, declared in the manifest as well. */
export type ResourceType<Config> = {
  slug: string;
  name: string;
  description?: string;
  icon?: string;
  hasPrivacyScore?: boolean;
  supportsSubmissions?: boolean;
  formComponent?: { tag: string; entryPoint: string };
  list: (ctx: PluginContext<Config>) => Maybe<ResourceInstance[]>;
  /** Default: looked up in `list`. */
  get?: Handler<string, ResourceInstance | undefined, Config>;
  /** A message refuses the selection; default accepts all. */
  validate?: Handler<{ instanceIds: string[]; appId: number }, string | undefined, Config>;
  create?: Handler<Buffer, ResourceInstance, Config>;
};

type Collector<Input, Config> = (input: Input, ctx: PluginContext<Config>) => Maybe<void>;

/** Methods by name. */
export type RpcMethods<Config> = Record<string, RpcHandler<Config>>;
export type PortalRpcMethods<Config> = Record<string, PortalRpcHandler<Config>>;

/** Everything a plugin can do; leave out what yours does not. */
export type PluginDefinition<
  Config,
  Rpc extends RpcMethods<Config> = RpcMethods<Config>,
  PortalRpc extends PortalRpcMethods<Config> = PortalRpcMethods<Config>,
> = {
  manifest: Manifest | ManifestJson;
  /** JSON Schema of the settings; gives the form in the dashboard, the types and the defaults. */
  configSchema?: ConfigSchema<Config> | undefined;
  /** Folder of files served to pages, e.g. `new URL("./ui/dist/", import.meta.url)`; `/ui/app.js` is its `app.js`. */
  assets?: URL | string;
  /** Runs once with the settings; throwing keeps the plugin from starting and tells the administrator why. */
  initialize?: (ctx: PluginContext<Config>) => Maybe<void>;
  /** Runs once before the process ends; two seconds at most. */
  shutdown?: (ctx: PluginContext<Config>) => Maybe<void>;
  /** Before the gateway knows who is asking. Throwing refuses the request. */
  preAuth?: Handler<LlmRequest, RequestResult, Config>;
  /** Replaces the gateway's credential check. */
  auth?: Handler<AuthRequest, AuthResult, Config>;
  /** After the gateway knows who is asking. Throwing refuses the request. */
  postAuth?: Handler<AuthenticatedRequest, RequestResult, Config>;
  /** Before a complete response reaches the client. Throwing leaves the response as it is. */
  onResponse?: {
    headers?: Handler<ResponseHead, ResponseResult, Config>;
    body?: Handler<LlmResponse, ResponseResult, Config>;
  };
  /** After a streamed response has reached the client. */
  onStreamComplete?: (stream: CompletedStream, ctx: PluginContext<Config>) => Maybe<void>;
  /** Every proxied call; costs are dollars x 10,000, timestamps Unix seconds. */
  proxyLog?: Collector<ProxyLog, Config>;
  analytics?: Collector<AnalyticsRecord, Config>;
  budgetUsage?: Collector<BudgetUsage, Config>;
  /** `beforeSave("llm", fn)` and its like. */
  objectHooks?: ObjectHook<NoInfer<Config>>[];
  /** Methods for the plugin's admin pages. Only administrators reach them. */
  rpc?: Rpc;
  /** Methods for the plugin's portal pages. */
  portalRpc?: PortalRpc;
  endpoints?: Endpoint<Config>[];
  /** Answers a chat message piece by piece. */
  agent?: (message: AgentMessage, ctx: PluginContext<Config>) => AsyncIterable<AgentChunk>;
  /** Runs a schedule of the manifest; throwing marks the run as failed. */
  scheduledTask?: (schedule: ScheduledTask, ctx: PluginContext<Config>) => Maybe<void>;
  /** Takes what this plugin sent from an edge. Return false when it was not meant for you. */
  edgePayload?: Handler<EdgePayload, boolean, Config>;
  resources?: ResourceType<Config>[];
  /** Runs once, half a second after the host opened its session: the place to start background work. */
  onSessionReady?: (ctx: PluginContext<Config>) => Maybe<void>;
  /** Runs when the host closes its session. */
  onSessionClosing?: (reason: string, ctx: PluginContext<Config>) => Maybe<void>;
};
