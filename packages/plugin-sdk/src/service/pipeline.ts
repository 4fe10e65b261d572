import * as wire from "@portico/protocol/plugin";
import { encodeBody, headerOf, jsonObject, mergeHeaders } from "../body.ts";
import type { AuthenticatedRequest, LlmRequest } from "../definition.ts";
import type { Block, HeaderChanges, Modified, RequestResult, ResponseResult } from "../results.ts";
import type { PluginHandlers, ServiceParts } from "./types.ts";

type Pipeline = Pick<
  PluginHandlers,
  | "processPreAuth"
  | "authenticate"
  | "getAppByCredential"
  | "getUserByCredential"
  | "processPostAuth"
  | "onBeforeWriteHeaders"
  | "onBeforeWrite"
  | "onStreamComplete"
>;

const requestOf = (request: wire.PluginRequest): LlmRequest => ({
  method: request.method,
  path: request.path,
  headers: request.headers,
  body: request.body,
  remoteAddr: request.remoteAddr,
  json: () => jsonObject(request.body),
});

function blocked({ status, headers, body, message }: Block): wire.PluginResponse {
  const content = body === undefined ? undefined : encodeBody(body);
  const typed = content?.contentType && headerOf(headers, "content-type") === undefined ? { "Content-Type": content.contentType } : {};
  return wire.PluginResponse.fromPartial({
    block: true,
    statusCode: status,
    headers: { ...typed, ...headers },
    body: content?.bytes ?? Buffer.alloc(0),
    errorMessage: message,
  });
}

/** An absent header map leaves the request's headers alone, so it is sent only when there is something to change. */
function modifiedRequest(request: LlmRequest, { headers, body, contextUpdates }: Modified): wire.PluginResponse {
  return wire.PluginResponse.fromPartial({
    modified: true,
    headers: headers === undefined ? {} : mergeHeaders(request.headers, headers),
    body: body === undefined ? Buffer.alloc(0) : encodeBody(body).bytes,
    contextUpdates,
  });
}

function requestReply(hook: string, request: LlmRequest, result: RequestResult): wire.PluginResponse {
  switch (result?.kind) {
    case "pass":
      return wire.PluginResponse.fromPartial({});
    case "block":
      return blocked(result);
    case "modified":
      return modifiedRequest(request, result);
    default:
      throw new Error(`The ${hook} handler must return pass(), block() or modified().`);
  }
}

function changesOf(hook: string, result: ResponseResult): Modified | undefined {
  if (result?.kind === "pass") return undefined;
  if (result?.kind === "modified") return result;
  throw new Error(`The ${hook} handler must return pass() or modified().`);
}

/** Hosts replace all headers of a response by the answer's, so the present ones are always repeated. */
const responseHeaders = (present: Record<string, string>, changes: HeaderChanges = {}) => mergeHeaders(present, changes);

/** The hooks on a request's way through a gateway. What a handler throws becomes a gRPC error, which the host judges. */
export function pipelineHandlers<Config>({ definition, contextOf }: ServiceParts<Config>): Pipeline {
  return {
    async processPreAuth(request, { signal }) {
      if (!definition.preAuth) return wire.PluginResponse.fromPartial({});
      const seen = requestOf(request);
      return requestReply("preAuth", seen, await definition.preAuth(seen, contextOf(request.context, signal)));
    },

    async authenticate(request, { signal }) {
      if (!definition.auth) return wire.AuthResponse.fromPartial({ errorMessage: "This plugin does not authenticate." });
      const seen = requestOf(request.request ?? wire.PluginRequest.fromPartial({}));
      const ctx = contextOf(request.context ?? request.request?.context, signal);
      const result = await definition.auth({ credential: request.credential, authType: request.authType, request: seen }, ctx);
      return result.authenticated
        ? wire.AuthResponse.fromPartial({ authenticated: true, appId: String(result.appId), userId: result.userId, claims: result.claims })
        : wire.AuthResponse.fromPartial({ errorMessage: result.message });
    },

    // No host calls these two; `auth` answers everything a host asks.
    getAppByCredential: async () => wire.GetAppResponse.fromPartial({ errorMessage: "This plugin does not look up apps." }),
    getUserByCredential: async () => wire.GetUserResponse.fromPartial({ errorMessage: "This plugin does not look up users." }),

    async processPostAuth(request, { signal }) {
      if (!definition.postAuth) return wire.PluginResponse.fromPartial({});
      const inner = request.request ?? wire.PluginRequest.fromPartial({});
      const seen: AuthenticatedRequest = {
        ...requestOf(inner),
        appId: Number(request.appId) || inner.context?.appId || 0,
        claims: request.authClaims,
      };
      return requestReply("postAuth", seen, await definition.postAuth(seen, contextOf(inner.context, signal)));
    },

    async onBeforeWriteHeaders({ headers, context }, { signal }) {
      const handle = definition.onResponse?.headers;
      const changes = handle && changesOf("onResponse.headers", await handle({ headers }, contextOf(context, signal)));
      if (!changes) return wire.HeadersResponse.fromPartial({});
      return wire.HeadersResponse.fromPartial({ modified: true, headers: responseHeaders(headers, changes.headers) });
    },

    async onBeforeWrite({ headers, body, isStreamChunk, context }, { signal }) {
      const handle = definition.onResponse?.body;
      const seen = { headers, body, isStreamChunk, json: () => jsonObject(body) };
      const changes = handle && changesOf("onResponse.body", await handle(seen, contextOf(context, signal)));
      if (!changes) return wire.ResponseWriteResponse.fromPartial({});
      const bytes = changes.body === undefined ? body : encodeBody(changes.body).bytes;
      return wire.ResponseWriteResponse.fromPartial({ modified: true, body: bytes, headers: responseHeaders(headers, changes.headers) });
    },

    async onStreamComplete(request, { signal }) {
      if (!definition.onStreamComplete) return wire.StreamCompleteResponse.fromPartial({});
      const stream = {
        response: request.accumulatedResponse,
        requestBody: request.requestBody,
        headers: request.headers,
        status: request.statusCode,
        chunkCount: request.chunkCount,
      };
      await definition.onStreamComplete(stream, contextOf(request.context, signal));
      return wire.StreamCompleteResponse.fromPartial({ handled: true });
    },
  };
}
