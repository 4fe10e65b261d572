import { createHash } from "node:crypto";
import { openai } from "./openai.ts";
import { countTokens } from "./text.ts";
import { sendJson, type Wire } from "./wire.ts";

const dimensions = 8;

/** POST /v1/embeddings: a short vector that is the same for the same text. */
export const embeddings: Wire = {
  error: openai.error,
  async handle({ body }, res) {
    if (typeof body.model !== "string" || body.model === "") return sendJson(res, 400, openai.error(400, "model must be a string."));
    const texts = Array.isArray(body.input) ? body.input : [body.input];
    if (texts.length === 0 || !texts.every((text) => typeof text === "string")) {
      return sendJson(res, 400, openai.error(400, "input must be a string or a list of strings."));
    }
    const encode = body.encoding_format === "base64" ? toBase64 : (vector: number[]) => vector;
    const data = texts.map((text, index) => ({ object: "embedding", index, embedding: encode(vectorOf(text)) }));
    const tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
    sendJson(res, 200, { object: "list", model: body.model, data, usage: { prompt_tokens: tokens, total_tokens: tokens } });
  },
};

function vectorOf(text: string): number[] {
  const bytes = createHash("sha256").update(text).digest();
  const raw = Array.from({ length: dimensions }, (_, at) => bytes.readInt16BE(at * 2));
  const length = Math.hypot(...raw) || 1;
  return raw.map((value) => Math.fround(value / length));
}

const toBase64 = (vector: number[]): string => Buffer.from(Float32Array.from(vector).buffer).toString("base64");
