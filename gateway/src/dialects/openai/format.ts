import type { CallFacts, WireFormat } from "../dialect.ts";
import { beginsLikeObject, isObject, parseJson } from "../json/json.ts";
import { JsonOutline } from "../json/outline.ts";
import { changeField, createRequestReader, insertField } from "../json/request.ts";
import { setField } from "../json/splice.ts";
import { readerOf } from "../json/usage.ts";
import { isEventStream, unannouncedStream } from "../sse.ts";
import { OpenAiUsageReader } from "./usage.ts";

const usageOptions = "stream_options";
const includeUsage = "include_usage";

/** All limits are known everywhere: compatible servers take more of them than their dialect has. */
export const limits = ["max_tokens", "max_completion_tokens", "max_output_tokens", "max_tokens_to_sample"] as const;

export const requestFields = {
  model: "model",
  modelLists: ["models", "fallbacks"],
  modelHolders: ["session"],
  stream: "stream",
  usageOptions,
  limits,
  choices: "n",
  moreChoices: "best_of",
};

/** Chat completions, completions, responses, embeddings and the rest of OpenAI's JSON. */
export const openAiFormat: WireFormat = {
  canRead: beginsLikeObject,
  readRequest: createRequestReader(requestFields),
  createOutline: () => new JsonOutline(Object.values(requestFields).flat()),
  withModel,
  withUsage,
  // Statuses with which servers refuse a field that they do not know.
  mayRefuseUsage: (status) => status === 400 || status === 422,
  refusesUsage: (answer) => answer.includes(usageOptions) || answer.includes(includeUsage),
  isStream: isEventStream,
  unannouncedStream,
  createUsageReader: (contentType, hidesUsage) => readerOf(new OpenAiUsageReader(), contentType, hidesUsage),
};

export function withModel(body: Buffer, model: string, hasField: boolean): Buffer {
  const value = JSON.stringify(model);
  return (hasField ? changeField(body, "model", () => value) : undefined) ?? insertField(body, `"model":${value}`);
}

function withUsage(body: Buffer, { hasUsageOptions }: CallFacts): Buffer | undefined {
  if (!hasUsageOptions) return insertField(body, `"${usageOptions}":{"${includeUsage}":true}`);
  return changeField(body, usageOptions, (value = "null") => {
    const given = parseJson(value);
    if (!isObject(given)) return `{"${includeUsage}":true}`;
    return given[includeUsage] === true ? undefined : setField(value, includeUsage, "true");
  });
}
