import { AppError, messageOf } from "@portico/core";
import type { SystemCall } from "@portico/protocol/system-calls";
import { type DialectId, vendorOf } from "@portico/protocol/vendors";
import { Agent, request as send } from "undici";
import type { Llm } from "../llms/store.ts";

const answerMs = 60_000;
const maxAnswerBytes = 4 * 1024 * 1024;

export type LlmPrompt = { llmId: number; settings: Record<string, unknown>; prompt: string; userId: number };

export type LlmPrompts = {
  /** The model's text. Throws AppError with the gateway's reason when there is none. */
  ask(prompt: LlmPrompt, signal: AbortSignal): Promise<string>;
  close(): Promise<void>;
};

/** How one prompt is asked of the vendors that speak a dialect, and where the text of the answer is. */
const dialects: Record<DialectId, { path(endpoint: string): string; needs: Record<string, unknown>; textOf(answer: unknown): unknown }> = {
  openai: {
    path: (endpoint) =>
      /^\/?$|\/v\d/.test(URL.canParse(endpoint) ? new URL(endpoint).pathname : "/") ? "/v1/chat/completions" : "/chat/completions",
    needs: {},
    textOf: (answer) => (answer as { choices?: { message?: { content?: unknown } }[] }).choices?.[0]?.message?.content,
  },
  anthropic: {
    path: () => "/v1/messages",
    needs: { max_tokens: 1024 },
    textOf: (answer) => (answer as { content?: { text?: string }[] }).content?.map(({ text = "" }) => text).join(""),
  },
};

/** Fields of a call that its settings may set; what else they hold is not for the vendor. */
const settable = ["model", "temperature", "max_tokens", "top_p", "top_k", "stop", "stop_sequences", "seed", "system"];

/** Asks LLMs one thing, as a user, through the gateway: its rules, budgets and records apply. */
export function createLlmPrompts({
  llms,
  gatewayUrl,
  sign,
}: {
  llms: { get(id: number): Promise<Llm> };
  gatewayUrl: string;
  sign(call: SystemCall): Promise<string>;
}): LlmPrompts {
  const agent = new Agent({ connections: 16, connect: { timeout: 5_000 }, headersTimeout: answerMs, bodyTimeout: answerMs });

  return {
    async ask({ llmId, settings, prompt, userId }, signal) {
      const llm = await llms.get(llmId);
      const dialect = dialects[vendorOf(llm.vendor).dialect];
      const target = new URL(`${gatewayUrl}/llm/call/${llm.slug}${dialect.path(llm.apiEndpoint)}`);
      const path = target.href.slice(target.origin.length + new URL(gatewayUrl).pathname.replace(/\/$/, "").length);
      const chosen = Object.fromEntries(settable.flatMap((name) => (settings[name] === undefined ? [] : [[name, settings[name]]])));
      const body = { model: llm.defaultModel, ...dialect.needs, ...chosen, messages: [{ role: "user", content: prompt }] };
      try {
        const answer = await send(target, {
          dispatcher: agent,
          method: "POST",
          headers: { authorization: `Bearer ${await sign({ method: "POST", path, user: userId })}`, "content-type": "application/json" },
          body: JSON.stringify(body),
          signal,
        });
        const text = await textOf(answer.body);
        if (answer.statusCode >= 400) throw new Error(`${answer.statusCode} ${text.slice(0, 500)}`);
        const found = dialect.textOf(JSON.parse(text));
        if (typeof found !== "string") throw new Error("the answer has no text");
        return found;
      } catch (error) {
        throw new AppError({ code: "unavailable", message: `${llm.name} did not answer: ${messageOf(error)}`, cause: error });
      }
    },
    close: () => agent.destroy(),
  };
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body) {
    bytes += part.length;
    if (bytes > maxAnswerBytes) throw new Error("the answer is too large");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
