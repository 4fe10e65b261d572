import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { anthropic, anthropicCount } from "./anthropic.ts";
import { embeddings } from "./embeddings.ts";
import { openai } from "./openai.ts";
import { responses } from "./responses.ts";
import { createDemoTools } from "./tools.ts";
import { sendJson, type Wire } from "./wire.ts";

export type DemoVendor = { url: string; port: number; close(): Promise<void> };

const wires = new Map<string, Wire>([
  ["/v1/chat/completions", openai],
  ["/v1/responses", responses],
  ["/v1/embeddings", embeddings],
  ["/v1/messages", anthropic],
  ["/v1/messages/count_tokens", anthropicCount],
]);
const maxBodyBytes = 32 * 1024 * 1024;

/**
 * Starts a model vendor that needs no account: OpenAI's chat completions, responses, embeddings and model list,
 * Anthropic's messages and their token count, plain and streamed. Answers repeat what was said, so that whatever happened to a prompt on its way can be read in the reply, and
 * are the same for the same question. Under /tools are two small APIs for tools. Any key is welcome, none is refused with 401, as a real vendor would.
 *
 * Request headers steer tests: `x-demo-delay-ms` waits before answering, `x-demo-status` answers with that error,
 * `x-demo-chunk-delay-ms` waits before each event of a stream.
 * @param options.port 0 picks a free one.
 */
export async function startDemoVendor({ port = 0, host = "127.0.0.1" }: { port?: number; host?: string } = {}): Promise<DemoVendor> {
  const tools = createDemoTools();
  const server = createServer({ noDelay: true, keepAliveTimeout: 60_000 }, (req, res) => {
    answer(req, res, tools).catch((error: unknown) => {
      if (res.headersSent) return res.destroy();
      sendJson(res, 500, openai.error(500, error instanceof Error ? error.message : String(error)));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(req: IncomingMessage, res: ServerResponse, tools: ReturnType<typeof createDemoTools>): Promise<void> {
  const path = (req.url ?? "/").split("?")[0] ?? "/";
  if (req.method === "GET" && path === "/health") return sendJson(res, 200, { status: "ok" });
  if (await tools.answer(req, res, () => readJson(req))) return;

  const served = wires.get(path);
  const wire = served ?? openai;
  if (!keyOf(req)) return sendJson(res, 401, wire.error(401, "No API key was sent."));

  const gone = new AbortController();
  res.on("close", () => gone.abort());
  const delayMs = numberHeader(req, "x-demo-delay-ms");
  if (delayMs > 0) await delay(Math.min(delayMs, 600_000), undefined, { signal: gone.signal }).catch(() => undefined);
  const status = numberHeader(req, "x-demo-status");
  if (status >= 400 && status <= 599) {
    if (status === 429) res.setHeader("Retry-After", "7");
    return sendJson(res, status, wire.error(status, `The demo vendor was asked to answer ${status}.`));
  }

  if (req.method === "GET" && path === "/v1/models") return sendJson(res, 200, { object: "list", data: models });
  if (!served) return sendJson(res, 404, wire.error(404, `There is no ${req.method} ${path} here.`));
  if (req.method !== "POST") return sendJson(res, 405, wire.error(405, `Use POST for ${path}.`));

  const body = await readJson(req);
  if (typeof body === "string") return sendJson(res, 400, wire.error(400, body));
  const chunkDelayMs = numberHeader(req, "x-demo-chunk-delay-ms");
  await wire.handle({ body: chunkDelayMs ? { ...body, chunk_delay_ms: chunkDelayMs } : body, signal: gone.signal }, res);
}

const models = ["demo-small", "demo-large", "gpt-4o-mini", "claude-demo"].map((id) => ({
  id,
  object: "model",
  created: 1_700_000_000,
  owned_by: "demo",
}));

function keyOf(req: IncomingMessage): string {
  const bearer = /^Bearer\s+(\S+)/i.exec(req.headers.authorization ?? "")?.[1];
  return bearer ?? String(req.headers["x-api-key"] ?? "");
}

function numberHeader(req: IncomingMessage, name: string): number {
  const value = Number(req.headers[name] ?? 0);
  return Number.isFinite(value) ? value : 0;
}

async function readJson(req: IncomingMessage): Promise<Record<string, unknown> | string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) return `The body is larger than ${maxBodyBytes} bytes.`;
    chunks.push(chunk);
  }
  try {
    const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    if (parsed !== null && typeof parsed === "object" && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
    return "The body must be a JSON object.";
  } catch {
    return "The body is not JSON.";
  }
}
