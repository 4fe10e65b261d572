import type { ObjectHookType, ObjectType } from "@portico/protocol";
import * as wire from "@portico/protocol/plugin";
import { jsonObject } from "../body.ts";
import type { PortalUser } from "../definition.ts";
import type { MethodName, RequestOf, ResponseOf } from "../service/types.ts";

/** Calls one rpc of a plugin, in this process or over the wire. */
export type Invoke = <K extends MethodName>(method: K, request: RequestOf<K>) => Promise<ResponseOf<K>>;

/** A request to send through a hook; what is left out is empty. */
export type TestRequest = {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  /** An object is sent as JSON. */
  body?: unknown;
  context?: Partial<wire.PluginContext>;
};
/** What became of a request. */
export type RequestOutcome = {
  outcome: "pass" | "block" | "modified";
  status: number;
  headers: Record<string, string>;
  body: string;
  json(): Record<string, unknown> | undefined;
  contextUpdates: Record<string, string>;
};
/** What became of a response; headers and body are the ones that the client receives. */
export type ResponseOutcome = {
  modified: boolean;
  headers: Record<string, string>;
  body: string;
  json(): Record<string, unknown> | undefined;
};
/** What a hook answered. */
export type HookOutcome = {
  allowed: boolean;
  reason: string;
  /** The changed object, undefined when it was left alone. */
  object: Record<string, unknown> | undefined;
  metadata: Record<string, string>;
};
/** A page's view of a method: its data, or the error it throws. */
export type PluginDriver = {
  manifest(): Promise<Record<string, unknown>>;
  configSchema(): Promise<Record<string, unknown>>;
  preAuth(request?: TestRequest): Promise<RequestOutcome>;
  postAuth(request?: TestRequest): Promise<RequestOutcome>;
  responseHeaders(headers: Record<string, string>, context?: Partial<wire.PluginContext>): Promise<ResponseOutcome>;
  responseBody(body: unknown, headers?: Record<string, string>, context?: Partial<wire.PluginContext>): Promise<ResponseOutcome>;
  /** @param previous the object as it was before an update. */
  objectHook(
    hookType: ObjectHookType,
    objectType: ObjectType,
    object: Record<string, unknown>,
    previous?: Record<string, unknown>,
  ): Promise<HookOutcome>;
  /** Throws an error with the plugin's message when the method fails. */
  rpc<T = Record<string, unknown>>(method: string, args?: Record<string, unknown>): Promise<T>;
  portalRpc<T = Record<string, unknown>>(method: string, args?: Record<string, unknown>, user?: Partial<PortalUser>): Promise<T>;
  asset(path: string): Promise<{ content: Buffer; mimeType: string }>;
  /** Any rpc, as the wire has it. */
  invoke: Invoke;
};

const bytesOf = (body: unknown): Buffer => {
  if (body === undefined) return Buffer.alloc(0);
  if (typeof body === "string" || body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.from(JSON.stringify(body));
};
const requestOf = ({ method = "POST", path = "/llm/call/test/v1/chat/completions", headers = {}, body, context }: TestRequest) =>
  wire.PluginRequest.fromPartial({ method, path, headers, body: bytesOf(body), context: context ?? {} });

function outcomeOf(answer: wire.PluginResponse): RequestOutcome {
  return {
    outcome: answer.block ? "block" : answer.modified ? "modified" : "pass",
    status: answer.statusCode,
    headers: answer.headers,
    body: answer.body.toString("utf8"),
    json: () => jsonObject(answer.body),
    contextUpdates: answer.contextUpdates,
  };
}

const responseOf = (modified: boolean, headers: Record<string, string>, body: Buffer): ResponseOutcome => ({
  modified,
  headers,
  body: body.toString("utf8"),
  json: () => jsonObject(body),
});

/** Convenient calls on top of the bare rpcs; the same for a plugin in this process and for a real one. */
export function createDriver(invoke: Invoke): PluginDriver {
  return {
    invoke,
    manifest: async () => JSON.parse((await invoke("getManifest", {})).manifestJson),
    configSchema: async () => JSON.parse((await invoke("getConfigSchema", {})).schemaJson),
    preAuth: async (request = {}) => outcomeOf(await invoke("processPreAuth", requestOf(request))),
    async postAuth(request = {}) {
      const appId = String(request.context?.appId ?? 1);
      const enriched = wire.EnrichedRequest.fromPartial({ request: requestOf(request), appId, authenticated: true });
      return outcomeOf(await invoke("processPostAuth", enriched));
    },
    async responseHeaders(headers, context = {}) {
      const answer = await invoke("onBeforeWriteHeaders", wire.HeadersRequest.fromPartial({ headers, context }));
      return responseOf(answer.modified, answer.modified ? answer.headers : headers, Buffer.alloc(0));
    },
    async responseBody(body, headers = { "Content-Type": "application/json" }, context = {}) {
      const sent = bytesOf(body);
      const answer = await invoke("onBeforeWrite", wire.ResponseWriteRequest.fromPartial({ body: sent, headers, context }));
      return answer.modified ? responseOf(true, answer.headers, answer.body) : responseOf(false, headers, sent);
    },
    async objectHook(hookType, objectType, object, previous) {
      const operationId = crypto.randomUUID();
      const changes = Object.keys({ ...previous, ...object }).filter(
        (key) => JSON.stringify(previous?.[key]) !== JSON.stringify(object[key]),
      );
      const metadata: Record<string, string> = previous
        ? { previous_object_json: JSON.stringify(previous), changed_fields: JSON.stringify(changes.sort()) }
        : {};
      const request = wire.ObjectHookRequest.fromPartial({
        hookType,
        objectType,
        operationId,
        objectJson: JSON.stringify(object),
        metadata,
      });
      const answer = await invoke("handleObjectHook", request);
      return {
        allowed: answer.allowOperation,
        reason: answer.rejectionReason,
        object: answer.modified ? JSON.parse(answer.modifiedObjectJson) : undefined,
        metadata: answer.pluginMetadata,
      };
    },
    async rpc(method, args = {}) {
      const answer = await invoke("call", wire.CallRequest.fromPartial({ method, payload: JSON.stringify(args) }));
      if (!answer.success) throw new Error(answer.errorMessage);
      return JSON.parse(answer.data);
    },
    async portalRpc(method, args = {}, { id = 1, ...user } = {}) {
      const userContext = { userId: id, email: `user${id}@example.com`, name: `User ${id}`, ...user };
      const request = wire.PortalCallRequest.fromPartial({ method, payload: JSON.stringify(args), userContext });
      const answer = await invoke("portalCall", request);
      if (!answer.success) throw new Error(answer.errorMessage);
      return JSON.parse(answer.data);
    },
    async asset(path) {
      const answer = await invoke("getAsset", { assetPath: path });
      if (!answer.success) throw new Error(answer.errorMessage);
      return { content: answer.content, mimeType: answer.mimeType };
    },
  };
}

/** Settings as a host sends them: text as it is, everything else as JSON. */
export const configStrings = (config: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]));
