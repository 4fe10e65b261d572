import type { OutgoingHttpHeaders } from "node:http";
import { canonicalName, pluginHeader } from "../pipeline/headers.ts";
import type { LlmCall, LlmExchange } from "../pipeline/llm-call.ts";
import type { PluginCaller } from "../plugins/caller.ts";
import type { Hook, HookChain } from "./chain.ts";

export type Answer = { headers: OutgoingHttpHeaders; body: Buffer };

/**
 * The hooks with which plugins see and change the answer. Unless its attachment says otherwise, a plugin that fails is skipped: the vendor's work
 * is done and paid for.
 */
export type ResponseHooks = {
  /** First all plugins on the headers, then all on the body. The status cannot be changed. @throws AppError of a plugin that is fail_closed. */
  onAnswer(exchange: LlmExchange, answer: Answer): Promise<Answer>;
  /** Shows plugins a stream that has ended well; nothing waits for them. */
  onStreamComplete(
    exchange: LlmExchange,
    stream: { body: Buffer; headers: OutgoingHttpHeaders; chunks: number; requestBody: Buffer },
  ): void;
};

/** The answer as it is by now. */
type State = Answer & { shown: Record<string, string> };

export function createResponseHooks({
  chain,
  caller,
  pluginBytes,
}: {
  chain: HookChain;
  caller: Pick<PluginCaller, "contextOf">;
  pluginBytes: number;
}): ResponseHooks {
  const beforeHeaders: Hook<"onBeforeWriteHeaders", LlmCall, State> = {
    method: "onBeforeWriteHeaders",
    failurePolicy: "fail_open",
    request(plugin, exchange, state) {
      state.shown = shownHeaders(state.headers);
      return { headers: state.shown, context: caller.contextOf(plugin, exchange) };
    },
    accept(_plugin, response, _exchange, state) {
      if (response.modified) state.headers = changedHeaders(state.headers, state.shown, response.headers);
      return undefined;
    },
  };

  const beforeBody: Hook<"onBeforeWrite", LlmCall, State> = {
    method: "onBeforeWrite",
    failurePolicy: "fail_open",
    request(plugin, exchange, state) {
      const { body } = state;
      if (body.length > pluginBytes) throw new Error(`the response has ${body.length} bytes and can be shown up to ${pluginBytes}`);
      state.shown = { ...shownHeaders(state.headers), "Content-Length": String(body.length) };
      return { body, headers: state.shown, isStreamChunk: false, context: caller.contextOf(plugin, exchange) };
    },
    accept(_plugin, response, _exchange, state) {
      if (!response.modified) return undefined;
      state.body = response.body;
      // Reference plugins change only the body and send no headers at all; they mean to keep them.
      if (Object.keys(response.headers).length > 0) state.headers = changedHeaders(state.headers, state.shown, response.headers);
      return undefined;
    },
  };

  return {
    async onAnswer(exchange, { headers, body }) {
      const plugins = exchange.target.llm?.chain.onResponse ?? [];
      const state: State = { headers, body, shown: {} };
      await chain.run(beforeHeaders, plugins, exchange, state);
      await chain.run(beforeBody, plugins, exchange, state);
      return state;
    },

    onStreamComplete(exchange, { body, headers, chunks, requestBody }) {
      chain.notify("onStreamComplete", exchange.target.llm?.chain.onResponse ?? [], exchange, (plugin) => {
        const context = caller.contextOf(plugin, exchange);
        context.metadata.vendor = context.vendor;
        return {
          accumulatedResponse: body,
          headers: shownHeaders(headers),
          statusCode: exchange.statusCode,
          context,
          chunkCount: chunks,
          requestBody: body.length + requestBody.length <= pluginBytes ? requestBody : Buffer.alloc(0),
        };
      });
    },
  };
}

const firstOf = (value: OutgoingHttpHeaders[string]): string => String(Array.isArray(value) ? (value[0] ?? "") : (value ?? ""));

/** The first value of each header, as plugins see them. */
const shownHeaders = (headers: OutgoingHttpHeaders): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [canonicalName(name), firstOf(value)]));

/** A plugin returns all headers that are to remain; one whose shown value it left alone keeps all its values. */
function changedHeaders(before: OutgoingHttpHeaders, shown: Record<string, string>, after: Record<string, string>): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(after)) {
    const lower = name.toLowerCase();
    const passed = pluginHeader(lower, value);
    if (passed === undefined) continue;
    headers[lower] = shown[canonicalName(lower)] === value && before[lower] !== undefined ? before[lower] : passed;
  }
  return headers;
}
