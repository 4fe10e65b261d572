import type { DialectId } from "@portico/protocol/vendors";

type Trial = {
  /** The LLM's endpoint; "" for the vendor's own. */
  endpoint: string;
  model: string;
  prompt: string;
  stream: boolean;
  /** "" for none. */
  system: string;
  /** null leaves it to the vendor. */
  temperature: number | null;
  maxTokens: number | null;
};

/**
 * What clients of OpenAI write in front of a path. The gateway leaves out what an endpoint has already; an endpoint whose path has no version,
 * e.g. a deployment at Azure, takes none.
 */
export function openaiRoot(endpoint: string): string {
  const path = URL.canParse(endpoint) ? new URL(endpoint).pathname : "/";
  return path === "/" || /\/v\d/.test(path) ? "/v1" : "";
}

/** Newer models of OpenAI reject `max_tokens`; other servers that speak its protocol may not know the newer name. */
const tokenLimitOf = (endpoint: string): "max_completion_tokens" | "max_tokens" => {
  const host = URL.canParse(endpoint) ? new URL(endpoint).hostname : "api.openai.com";
  return /(^|\.)openai\.(com|azure\.com)$/.test(host) ? "max_completion_tokens" : "max_tokens";
};

/** The call with which a dialect sends one message to an LLM at `endpoint`. */
export const trialCalls: Record<DialectId, { path(endpoint: string): string; body(trial: Trial): Record<string, unknown> }> = {
  openai: {
    path: (endpoint) => `${openaiRoot(endpoint)}/chat/completions`,
    body: ({ endpoint, model, prompt, stream, system, temperature, maxTokens }) => ({
      model,
      messages: [...(system === "" ? [] : [{ role: "system", content: system }]), { role: "user", content: prompt }],
      ...(temperature === null ? {} : { temperature }),
      ...(maxTokens === null ? {} : { [tokenLimitOf(endpoint)]: maxTokens }),
      ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
    }),
  },
  anthropic: {
    path: () => "/v1/messages",
    body: ({ model, prompt, stream, system, temperature, maxTokens }) => ({
      model,
      // This protocol wants a limit.
      max_tokens: maxTokens ?? 1024,
      ...(system === "" ? {} : { system }),
      ...(temperature === null ? {} : { temperature }),
      messages: [{ role: "user", content: prompt }],
      ...(stream ? { stream: true } : {}),
    }),
  },
};

export type Client = "sdk" | "python" | "curl";
type Snippet = (call: { base: string; endpoint: string; key: string; model: string }) => string;

/** Programs that call an LLM through the gateway. */
export const snippets: Record<DialectId, Record<Client, Snippet>> = {
  openai: {
    curl: ({ base, endpoint, key, model }) =>
      `curl ${base}${openaiRoot(endpoint)}/chat/completions \\\n  -H "Authorization: Bearer ${key}" \\\n  -H "Content-Type: application/json" \\\n  -d '{"model":"${model}","messages":[{"role":"user","content":"Hello"}]}'`,
    python: ({ base, endpoint, key, model }) =>
      `from openai import OpenAI\n\nclient = OpenAI(base_url="${base}${openaiRoot(endpoint)}", api_key="${key}")\nanswer = client.chat.completions.create(\n    model="${model}",\n    messages=[{"role": "user", "content": "Hello"}],\n)\nprint(answer.choices[0].message.content)`,
    sdk: ({ base, endpoint, key, model }) =>
      `import OpenAI from "openai";\n\nconst client = new OpenAI({ baseURL: "${base}${openaiRoot(endpoint)}", apiKey: "${key}" });\nconst answer = await client.chat.completions.create({\n  model: "${model}",\n  messages: [{ role: "user", content: "Hello" }],\n});\nconsole.log(answer.choices[0].message.content);`,
  },
  anthropic: {
    curl: ({ base, key, model }) =>
      `curl ${base}/v1/messages \\\n  -H "x-api-key: ${key}" \\\n  -H "anthropic-version: 2023-06-01" \\\n  -H "Content-Type: application/json" \\\n  -d '{"model":"${model}","max_tokens":256,"messages":[{"role":"user","content":"Hello"}]}'`,
    python: ({ base, key, model }) =>
      `from anthropic import Anthropic\n\nclient = Anthropic(base_url="${base}", api_key="${key}")\nmessage = client.messages.create(\n    model="${model}",\n    max_tokens=256,\n    messages=[{"role": "user", "content": "Hello"}],\n)\nprint(message.content[0].text)`,
    sdk: ({ base, key, model }) =>
      `import Anthropic from "@anthropic-ai/sdk";\n\nconst client = new Anthropic({ baseURL: "${base}", apiKey: "${key}" });\nconst message = await client.messages.create({\n  model: "${model}",\n  max_tokens: 256,\n  messages: [{ role: "user", content: "Hello" }],\n});\nconsole.log(message.content[0].text);`,
  },
};
