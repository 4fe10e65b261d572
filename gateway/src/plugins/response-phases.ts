import type { OutgoingHttpHeaders } from "node:http";
import { messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { AttachedPlugin } from "../config/routing-table.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import { canonicalName, pluginHeader } from "../pipeline/headers.ts";
import type { PluginCaller } from "./caller.ts";

export type Answer = { headers: OutgoingHttpHeaders; body: Buffer };

/** The phases in which plugins see the answer. A plugin that fails is passed over: the vendor's work is done and paid for. */
export type ResponsePluginPhases = {
  /** First all plugins on the headers, then all on the body. The status cannot be changed. */
  onAnswer(exchange: Exchange, answer: Answer): Promise<Answer>;
  /** Tells plugins of a stream that has ended well; nobody waits for them. */
  onStreamComplete(exchange: Exchange, stream: { body: Buffer; headers: OutgoingHttpHeaders; chunks: number; requestBody: Buffer }): void;
};

export function createResponsePluginPhases({
  caller,
  pluginBytes,
  logger,
}: {
  caller: PluginCaller;
  pluginBytes: number;
  logger: Logger;
}): ResponsePluginPhases {
  const passOver = (plugin: AttachedPlugin, exchange: Exchange, error: unknown) =>
    logger.warn("a plugin failed on a response and was passed over", {
      plugin: plugin.name,
      requestId: exchange.requestId,
      error: messageOf(error),
    });

  return {
    async onAnswer(exchange, answer) {
      const plugins = exchange.llm?.chain.onResponse ?? [];
      let { headers, body } = answer;
      for (const plugin of plugins) {
        try {
          const shown = shownHeaders(headers);
          const request = { headers: shown, context: caller.contextOf(plugin, exchange) };
          const response = await caller.call(plugin, "onBeforeWriteHeaders", request, exchange);
          if (response.modified) headers = changedHeaders(headers, shown, response.headers);
        } catch (error) {
          passOver(plugin, exchange, error);
        }
      }
      for (const plugin of plugins) {
        try {
          if (body.length > pluginBytes) throw new Error(`the response has ${body.length} bytes and can be shown up to ${pluginBytes}`);
          const shown = { ...shownHeaders(headers), "Content-Length": String(body.length) };
          const request = { body, headers: shown, isStreamChunk: false, context: caller.contextOf(plugin, exchange) };
          const response = await caller.call(plugin, "onBeforeWrite", request, exchange);
          if (!response.modified) continue;
          body = response.body;
          // Reference plugins change only the body and send no headers at all; they mean to keep them.
          if (Object.keys(response.headers).length > 0) headers = changedHeaders(headers, shown, response.headers);
        } catch (error) {
          passOver(plugin, exchange, error);
        }
      }
      return { headers, body };
    },

    onStreamComplete(exchange, { body, headers, chunks, requestBody }) {
      for (const plugin of exchange.llm?.chain.onResponse ?? []) {
        const context = caller.contextOf(plugin, exchange);
        context.metadata.vendor = context.vendor;
        const request = {
          accumulatedResponse: body,
          headers: shownHeaders(headers),
          statusCode: exchange.statusCode,
          context,
          chunkCount: chunks,
          requestBody: body.length + requestBody.length <= pluginBytes ? requestBody : Buffer.alloc(0),
        };
        caller.call(plugin, "onStreamComplete", request, exchange).catch((error: unknown) => passOver(plugin, exchange, error));
      }
    },
  };
}

const firstOf = (value: OutgoingHttpHeaders[string]): string => String(Array.isArray(value) ? (value[0] ?? "") : (value ?? ""));

/** The first value of each header, as plugins see them. */
const shownHeaders = (headers: OutgoingHttpHeaders): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [canonicalName(name), firstOf(value)]));

/** A plugin answers with all headers that shall remain; one whose shown value it left alone keeps all its values. */
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
