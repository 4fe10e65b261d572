import { AppError } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { PluginRequest, PluginResponse } from "@portico/protocol/plugin";
import type { AttachedPlugin } from "../config/routing-table.ts";
import { isSettable, pluginHeader, requestHeadersForPlugin, shownToPlugin } from "../pipeline/headers.ts";
import type { LlmCall, LlmExchange } from "../pipeline/llm-call.ts";
import { next, refuse, type Step, unauthorized } from "../pipeline/reply.ts";
import type { PluginCaller } from "../plugins/caller.ts";
import type { Hook, HookChain } from "./chain.ts";

/** The hooks with which plugins judge and change a request. Unless its attachment says otherwise, a plugin that fails stops the request. */
export type RequestHooks = {
  preAuth(exchange: LlmExchange): Step | Promise<Step>;
  /** Undefined when no plugin judges callers. */
  auth(exchange: LlmExchange, credential: string): Promise<Step> | undefined;
  postAuth(exchange: LlmExchange): Step | Promise<Step>;
};

export function createRequestHooks({
  chain,
  caller,
  pluginBytes,
  logger,
}: {
  chain: HookChain;
  caller: Pick<PluginCaller, "contextOf">;
  pluginBytes: number;
  logger: Logger;
}): RequestHooks {
  function requestFor(plugin: AttachedPlugin, exchange: LlmExchange): PluginRequest {
    const { target } = exchange;
    const body = exchange.body ?? Buffer.alloc(0);
    if (body.length > pluginBytes) {
      const message = `The request body has ${body.length} bytes, but a plugin of this LLM must see it and can be sent ${pluginBytes} at most.`;
      throw new AppError({ code: "payload_too_large", message });
    }
    return {
      method: exchange.req.method ?? "",
      path: `/llm/${target.mode}/${target.slug}${target.path}${target.query}`,
      headers: requestHeadersForPlugin(exchange),
      body,
      context: caller.contextOf(plugin, exchange),
      remoteAddr: remoteAddress(exchange),
    };
  }

  function blocked(plugin: AttachedPlugin, response: PluginResponse, exchange: LlmExchange): Step {
    const status = response.statusCode >= 200 && response.statusCode <= 599 ? response.statusCode : 403;
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(response.headers)) {
      const lower = name.toLowerCase();
      const passed = pluginHeader(lower, value);
      if (passed !== undefined) headers[lower] = passed;
    }
    if (response.errorMessage) logger.info("a plugin blocked a request", said(plugin, exchange, response.errorMessage));
    if (response.body.length === 0) {
      const message = `Blocked by a plugin of this LLM (request ${exchange.requestId}).`;
      const refusal = refuse({ status, reason: "plugin_blocked", message, headers });
      return { ...refusal, reply: { ...refusal.reply, outcome: "blocked" } };
    }
    return { kind: "reply", reply: { status, headers, body: response.body, outcome: "blocked", reason: "plugin_blocked" } };
  }

  const preAuth: Hook<"processPreAuth", LlmCall> = {
    method: "processPreAuth",
    failurePolicy: "fail_closed",
    request: requestFor,
    accept(plugin, response, exchange) {
      if (response.block) return blocked(plugin, response, exchange);
      if (response.modified) applyChanges(exchange, response);
      return undefined;
    },
  };

  const postAuth: Hook<"processPostAuth", LlmCall> = {
    method: "processPostAuth",
    failurePolicy: "fail_closed",
    request(plugin, exchange) {
      const request = requestFor(plugin, exchange);
      return {
        request,
        userId: exchange.authUserId || String(exchange.userId),
        appId: String(exchange.app?.id ?? 0),
        authClaims: exchange.authClaims,
        authenticated: true,
        context: request.context,
      };
    },
    accept(plugin, response, exchange) {
      if (response.block) return blocked(plugin, response, exchange);
      if (!response.modified) return undefined;
      applyChanges(exchange, response);
      const updates = Object.entries(response.contextUpdates);
      if (updates.length > 0) exchange.contextUpdates = { ...exchange.contextUpdates, ...Object.fromEntries(updates) };
      return undefined;
    },
  };

  /** The plugins are alternatives: the first that knows the caller decides. Its state is the credential. */
  const auth: Hook<"authenticate", LlmCall, string> = {
    method: "authenticate",
    failurePolicy: "fail_closed",
    request: (plugin, exchange, credential) => ({
      credential,
      authType: "bearer",
      request: requestFor(plugin, exchange),
      context: caller.contextOf(plugin, exchange),
    }),
    accept(plugin, response, exchange) {
      if (!response.authenticated) {
        // Why it does not know the caller is not the caller's to read.
        if (response.errorMessage) logger.info("a plugin rejected a caller", said(plugin, exchange, response.errorMessage));
        return undefined;
      }
      const app = /^[1-9]\d{0,9}$/.test(response.appId) ? exchange.table.appsById.get(Number(response.appId)) : undefined;
      // A plugin speaks for callers, not for the control plane.
      if (!app?.active || app.system) {
        logger.warn("a plugin named an app that is not active", said(plugin, exchange, response.appId));
        return unauthorized("auth_app_unknown", "Authentication failed", "the auth plugin named no active app");
      }
      exchange.app = app;
      exchange.userId = app.userId;
      exchange.authUserId = response.userId;
      exchange.authClaims = response.claims;
      return next;
    },
  };

  return {
    preAuth(exchange) {
      const plugins = exchange.target.llm?.chain.preAuth;
      return plugins && plugins.length > 0 ? chain.run(preAuth, plugins, exchange, undefined).then(orNext) : next;
    },

    postAuth(exchange) {
      const plugins = exchange.target.llm?.chain.postAuth;
      return plugins && plugins.length > 0 ? chain.run(postAuth, plugins, exchange, undefined).then(orNext) : next;
    },

    auth(exchange, credential) {
      const plugins = exchange.target.llm?.chain.auth;
      return plugins && plugins.length > 0 ? chain.run(auth, plugins, exchange, credential).then(orRejected) : undefined;
    },
  };
}

const orNext = (step: Step | undefined): Step => step ?? next;
const orRejected = (step: Step | undefined): Step =>
  step ?? unauthorized("auth_rejected", "Authentication failed", "authentication rejected by auth plugin");

const said = (plugin: AttachedPlugin, { requestId }: LlmExchange, text: string) => ({
  plugin: plugin.name,
  requestId,
  said: text.slice(0, maxSaidChars),
});
const maxSaidChars = 2_000;

function remoteAddress({ req }: LlmExchange): string {
  const { remoteAddress: address, remotePort: port } = req.socket;
  if (!address) return "";
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Sets the headers that differ from what the plugin was shown, and replaces the body when there is a new one. Nothing is ever deleted. */
function applyChanges(exchange: LlmExchange, { headers, body }: PluginResponse): void {
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    // An unchanged value is left alone, so that a header sent several times keeps all its values.
    if (shownToPlugin(exchange, lower) === value || !isSettable(name, value)) continue;
    exchange.headerChanges ??= new Map();
    exchange.headerChanges.set(lower, value);
  }
  if (body.length > 0) exchange.body = body;
}
