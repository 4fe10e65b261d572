/** An LLM's answer as it comes in, of either vendor, streamed or whole. */
export type Answer = {
  text: string;
  raw: string;
  headers: string;
  requestId: string;
  firstByteMs: number;
  totalMs: number | null;
  promptTokens: number | null;
  responseTokens: number | null;
};

const rawLimit = 60_000;

type Json = Record<string, unknown>;
const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null;
const at = (value: unknown, ...path: (string | number)[]): unknown =>
  path.reduce<unknown>(
    (inner, key) => (Array.isArray(inner) && typeof key === "number" ? inner[key] : isJson(inner) ? inner[key] : undefined),
    value,
  );
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const count = (value: unknown): number | null => (typeof value === "number" ? value : null);

const textOf = (piece: unknown): string =>
  text(at(piece, "choices", 0, "delta", "content")) ||
  text(at(piece, "choices", 0, "message", "content")) ||
  text(at(piece, "delta", "text")) ||
  (Array.isArray(at(piece, "content")) ? (at(piece, "content") as unknown[]).map((part) => text(at(part, "text"))).join("") : "");

const usageOf = (piece: unknown): unknown => at(piece, "usage") ?? at(piece, "message", "usage");

/** Reads the body to its end, reporting each piece through `update`. `startedAt` is performance.now() at the send. */
export async function readAnswer(response: Response, startedAt: number, update: (answer: Answer) => void): Promise<void> {
  const answer: Answer = {
    text: "",
    raw: "",
    headers: [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n"),
    requestId: response.headers.get("x-request-id") ?? "",
    firstByteMs: performance.now() - startedAt,
    totalMs: null,
    promptTokens: null,
    responseTokens: null,
  };
  const take = (json: string) => {
    let piece: unknown;
    try {
      piece = JSON.parse(json);
    } catch {
      return;
    }
    answer.text += textOf(piece);
    const usage = usageOf(piece);
    answer.promptTokens = count(at(usage, "prompt_tokens")) ?? count(at(usage, "input_tokens")) ?? answer.promptTokens;
    answer.responseTokens = count(at(usage, "completion_tokens")) ?? count(at(usage, "output_tokens")) ?? answer.responseTokens;
  };
  const streamed = (response.headers.get("content-type") ?? "").includes("event-stream");
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    answer.raw = (answer.raw + value).slice(0, rawLimit);
    rest += value;
    if (!streamed) continue;
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("data:")) take(line.slice(5).trim());
    update({ ...answer });
  }
  if (!streamed) {
    take(rest);
    answer.raw = pretty(answer.raw);
  }
  update({ ...answer, totalMs: performance.now() - startedAt });
}

const pretty = (raw: string): string => {
  try {
    return JSON.stringify(JSON.parse(raw), null, 2);
  } catch {
    return raw;
  }
};
