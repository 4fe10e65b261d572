import { z } from "zod";
import { allPages } from "../db/paging.ts";
import { queryInteger } from "../fields/contract.ts";
import { collectionOf } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { all } from "../http/envelope.ts";
import { LlmResource } from "./contract.ts";
import type { LlmService } from "./service.ts";
import type { LlmFilters } from "./store.ts";
import { toResource } from "./wire.ts";

const Score = queryInteger({ max: 1_000_000 });

/** Lists without pages. Their paths are fixed words where others have an id: they come first. */
export function llmSearchEndpoints({ llms }: { llms: LlmService }) {
  const whole = async (filters: LlmFilters) => all((await allPages((list) => llms.list(list, filters))).map(toResource));
  return [
    endpoint({
      method: "GET",
      path: "/api/v1/llms/search",
      summary: "All LLMs whose name begins with `name`, whatever its case",
      permission: "llms.read",
      query: z.object({ name: z.string("is required").trim().min(1, "is required").max(120) }),
      result: collectionOf(LlmResource),
      handle: async ({ query }) => whole({ name_prefix: query.name }),
    }),
    endpoint({
      method: "GET",
      path: "/api/v1/llms/max-privacy-score",
      summary: "All LLMs with a privacy score of at most `max_score`",
      permission: "llms.read",
      query: z.object({ max_score: Score }),
      result: collectionOf(LlmResource),
      handle: async ({ query }) => whole(query),
    }),
    endpoint({
      method: "GET",
      path: "/api/v1/llms/min-privacy-score",
      summary: "All LLMs with a privacy score of at least `min_score`",
      permission: "llms.read",
      query: z.object({ min_score: Score }),
      result: collectionOf(LlmResource),
      handle: async ({ query }) => whole(query),
    }),
    endpoint({
      method: "GET",
      path: "/api/v1/llms/privacy-score-range",
      summary: "All LLMs with a privacy score from `min_score` to `max_score`",
      permission: "llms.read",
      query: z
        .object({ min_score: Score, max_score: Score })
        .refine(({ min_score, max_score }) => min_score <= max_score, { message: "must not be less than min_score", path: ["max_score"] }),
      result: collectionOf(LlmResource),
      handle: async ({ query }) => whole(query),
    }),
  ];
}
