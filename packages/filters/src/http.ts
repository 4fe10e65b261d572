import type { Outbound } from "@portico/outbound";
import { type Dispatcher, request as send } from "undici";
import type { FilterHost } from "./engine.ts";
import { limits } from "./limits.ts";

const methods = new Set(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]);

/** `tyk.makeHTTPRequest`: no redirects, no answer larger than a call may have, and only where webhooks may go. */
export function createHttpCaller(outbound: Outbound): { call: NonNullable<FilterHost["http"]>; close(): Promise<void> } {
  const agent = outbound.agent({ purpose: "webhook", connections: 16, headersTimeout: limits.timeMs, bodyTimeout: limits.timeMs });
  return {
    async call({ method, url, headers, body }, signal) {
      const verb = method.toUpperCase();
      if (!methods.has(verb)) throw new Error(`method must be one of ${[...methods].join(", ")}`);
      if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) throw new Error("url must be an http or https URL");
      const answer = await send(url, {
        dispatcher: agent,
        method: verb as Dispatcher.HttpMethod,
        headers,
        body: verb === "GET" || verb === "HEAD" ? null : body,
        signal,
      });
      const parts: Buffer[] = [];
      let bytes = 0;
      for await (const part of answer.body) {
        bytes += part.length;
        if (bytes > limits.callChars) throw new Error(`the answer is larger than ${limits.callChars / 1024} KiB`);
        parts.push(part);
      }
      return { status: answer.statusCode, response: Buffer.concat(parts).toString("utf8") };
    },
    close: () => agent.destroy(),
  };
}
