import { AppError, sleep } from "@portico/core";
import type { Outbound } from "@portico/outbound";
import { type Agent, request } from "undici";

const timeoutMs = 30_000;
const maxAnswerBytes = 32 * 1024 * 1024;
const attempts = 4;
const maxPauseMs = 20_000;

export type JsonCall = {
  method: "GET" | "POST" | "PUT" | "DELETE";
  url: URL;
  headers?: Record<string, string>;
  body?: unknown;
  /** Statuses besides 2xx that are no failure; their answer is undefined. */
  accept?: readonly number[];
  signal?: AbortSignal | undefined;
};

/** Calls of stores and embedders: JSON both ways, within limits of size and time, tried again when the other side is busy. */
export type JsonClient = { call(call: JsonCall): Promise<unknown>; close(): Promise<void> };

export function createJsonClient({ outbound }: { outbound: Pick<Outbound, "agent"> }): JsonClient {
  // These addresses are an administrator's choice, as those of LLMs are.
  const agent: Agent = outbound.agent({ purpose: "llm", connections: 16, bodyTimeout: timeoutMs, headersTimeout: timeoutMs });

  async function once({ method, url, headers, body, accept = [], signal }: JsonCall): Promise<{ retryMs: number } | { json: unknown }> {
    const limit = AbortSignal.timeout(timeoutMs);
    const answer = await request(url, {
      method,
      dispatcher: agent,
      headers: { accept: "application/json", ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    }).catch((error: Error & { code?: string }) => {
      signal?.throwIfAborted();
      throw failed(url, `could not be reached (${error.code ?? error.message})`);
    });
    const text = await readText(url, answer.body);
    const status = answer.statusCode;
    if (status === 429 || status === 503) return { retryMs: pauseOf(String(answer.headers["retry-after"] ?? "")) };
    if (accept.includes(status)) return { json: undefined };
    if (status < 200 || status > 299) throw failed(url, `answered with status ${status}${detailOf(text)}`);
    if (text === "") return { json: undefined };
    try {
      return { json: JSON.parse(text) as unknown };
    } catch {
      throw failed(url, "answered with something that is not JSON");
    }
  }

  return {
    async call(one) {
      for (let attempt = 1; ; attempt++) {
        const result = await once(one);
        if ("json" in result) return result.json;
        if (attempt === attempts) throw failed(one.url, "is busy: it limits how often it is called");
        await sleep(Math.min(result.retryMs || 500 * 2 ** attempt, maxPauseMs), one.signal);
        one.signal?.throwIfAborted();
      }
    },
    close: () => agent.destroy(),
  };
}

const failed = (url: URL, what: string) => new AppError({ code: "upstream_failed", message: `${url.host} ${what}.` });

/** Seconds or a date; 0 when it does not say. */
function pauseOf(retryAfter: string): number {
  const seconds = Number(retryAfter);
  if (retryAfter !== "" && Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const at = Date.parse(retryAfter);
  return Number.isNaN(at) ? 0 : Math.max(0, at - Date.now());
}

/** What the other side says went wrong, without anything that could be a key. */
function detailOf(text: string): string {
  const message = /"(?:message|error|detail)"\s*:\s*"([^"\\]{1,200})/.exec(text)?.[1];
  return message ? `: ${message.replace(/\b(?:sk|pk|key)[-_][\w-]{6,}/gi, "[redacted]").replace(/\.$/, "")}` : "";
}

async function readText(url: URL, body: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > maxAnswerBytes) throw failed(url, "sent an answer that is too large");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** A path below a base address, whose own path and query stay. */
export function below(base: string, path: string): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}${path}`;
  return url;
}
