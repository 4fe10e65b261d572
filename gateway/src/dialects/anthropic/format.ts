import type { WireFormat } from "../dialect.ts";
import { beginsLikeObject } from "../json/json.ts";
import { JsonOutline } from "../json/outline.ts";
import { createRequestReader } from "../json/request.ts";
import { readerOf } from "../json/usage.ts";
import { requestFields, withModel } from "../openai/format.ts";
import { isEventStream, unannouncedStream } from "../sse.ts";
import { AnthropicUsageReader } from "./usage.ts";

/** Messages. Its fields that are judged have the names they have with OpenAI; a stream reports usage unasked. */
export const anthropicFormat: WireFormat = {
  canRead: beginsLikeObject,
  readRequest: createRequestReader(requestFields),
  createOutline: () => new JsonOutline(Object.values(requestFields).flat()),
  withModel,
  withUsage: () => undefined,
  mayRefuseUsage: () => false,
  refusesUsage: () => false,
  isStream: isEventStream,
  unannouncedStream,
  createUsageReader: (contentType, hidesUsage) => readerOf(new AnthropicUsageReader(), contentType, hidesUsage),
};
