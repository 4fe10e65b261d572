import type { Usage } from "../dialect.ts";
import { isErrorAnswer, mayTellError } from "../json/errors.ts";
import { countIn, isObject, type Json, objectIn, parseJson } from "../json/json.ts";
import { generatedChars } from "../json/text.ts";
import { JsonUsageReader, usageField } from "../json/usage.ts";

const field = usageField("usage");
const backgroundField = '"background"';
/** The fields that say whose result it is stand in front of the result. */
const headChars = 16 * 1024;
const over: ReadonlySet<string> = new Set(["completed", "failed", "incomplete", "cancelled"]);

/** Chat completions, completions, responses, embeddings. */
export class OpenAiUsageReader extends JsonUsageReader {
  constructor() {
    super(field);
  }

  override readAnswer(answer: Buffer, modelMatters: boolean): void {
    // Who reads only the counts does not see whose they are.
    super.readAnswer(answer, modelMatters || answer.includes(backgroundField));
  }

  override readEnds(head: Buffer, tail: Buffer): void {
    super.readEnds(head, tail);
    const text = head.includes(backgroundField) ? head.toString("utf8", 0, headChars) : "";
    if (/"background"\s*:\s*true/.test(text))
      this.#noteWork({ background: true, id: /"id"\s*:\s*"([^"]+)"/.exec(text)?.[1], status: /"status"\s*:\s*"(\w+)"/.exec(text)?.[1] });
  }

  /** @param response an answer of the responses API. */
  #noteWork({ background, id, status }: Json): void {
    if (background !== true || typeof id !== "string" || id === "") return;
    const isOver = typeof status === "string" && over.has(status);
    this.background = { id, isOver: isOver || this.background?.isOver === true, failed: status === "failed" };
  }

  event(data: string): boolean | string {
    if (data.includes(backgroundField)) {
      const response = objectIn(parseJson(data), "response");
      if (response) this.#noteWork(response);
    }
    if (mayTellError(data) && isErrorAnswer(parseJson(data))) this.failed = true;
    if (!field.isIn(data)) {
      this.chars += data.includes('.done"') ? 0 : generatedChars(data);
      return true;
    }
    const chunk = parseJson(data);
    const response = objectIn(chunk, "response");
    const holder = response ?? chunk;
    const reported = objectIn(holder, "usage");
    if (!reported) return true;
    const { choices } = holder as Json;
    const isLast = Array.isArray(choices) && choices.length === 0;
    this.#take(holder as Json, reported);
    if (this.reported) this.final = isLast || response !== undefined;
    if (!isLast && !response) this.chars += generatedChars(data);
    if (!isLast) return true;
    // A client that asked for no usage may not expect an event without choices; but what else is in it is the client's.
    return holdsMore(chunk as Json) ? (field.cutFrom(data) ?? true) : false;
  }

  largeEvent(tail: Buffer): void {
    const found = field.lastIn(tail);
    if (found) this.#take({}, found);
    if (found && this.reported) this.final = true;
  }

  protected answer(answer: unknown, text: string): void {
    if (text !== "" && isObject(answer)) this.#noteWork(answer);
    const reported = objectIn(answer, "usage");
    if (reported) this.#take(answer as Json, reported);
    if (this.reported) return;
    this.failed = isErrorAnswer(answer);
    if (!this.failed) this.chars += generatedChars(text);
  }

  /** Later reports are totals, not additions; what a later one leaves out or has less of stays as it was. */
  #take(holder: Json, reported: Json): void {
    const usage = usageOf(holder, reported);
    const before = this.reported;
    if (!usage || !before) {
      this.reported = usage ?? before;
      return;
    }
    const cacheRead = Math.max(usage.tokens.cacheRead, before.tokens.cacheRead);
    const prompt = Math.max(usage.tokens.prompt + usage.tokens.cacheRead, before.tokens.prompt + before.tokens.cacheRead);
    const response = Math.max(usage.tokens.response, before.tokens.response);
    this.reported = { tokens: { prompt: prompt - cacheRead, response, cacheWrite: 0, cacheRead }, model: usage.model || before.model };
  }
}

/** What every chunk has, or what says nothing but usage. */
const frame = new Set([
  "id",
  "object",
  "created",
  "model",
  "choices",
  "usage",
  "service_tier",
  "system_fingerprint",
  "obfuscation",
  "x_groq",
  "provider",
]);

const holdsMore = (chunk: Json): boolean =>
  Object.entries(chunk).some(([name, value]) => !frame.has(name) && value !== null && !(Array.isArray(value) && value.length === 0));

// chat, completions, embeddings: prompt_tokens, completion_tokens; responses, images: input_tokens, output_tokens. Both count
// cached tokens within the prompt.
/** @returns undefined for a report that cannot be true, or says nothing: it is as good as none. */
export function usageOf(holder: Json, reported: Json): Usage | undefined {
  const named = countIn(reported, "completion_tokens") || countIn(reported, "output_tokens");
  const total = countIn(reported, "total_tokens");
  // Rerankers report a total alone; and some vendors count reasoning in the total and nowhere else.
  const prompt = countIn(reported, "prompt_tokens") || countIn(reported, "input_tokens") || Math.max(0, total - named);
  const response = named < 0 ? named : Math.max(named, total - prompt);
  const details =
    objectIn(reported, "prompt_tokens_details") ?? objectIn(reported, "input_tokens_details") ?? objectIn(reported, "input_token_details");
  const cached = countIn(details, "cached_tokens");
  if (prompt < 0 || response < 0 || cached < 0 || prompt + response === 0) return undefined;
  const cacheRead = Math.min(prompt, cached);
  return {
    tokens: { prompt: prompt - cacheRead, response, cacheWrite: 0, cacheRead },
    model: typeof holder.model === "string" ? holder.model : "",
  };
}
