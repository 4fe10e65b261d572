import { vendorIds } from "@portico/protocol/vendors";
import { z } from "zod";
import { endpoint } from "../http/endpoint.ts";
import { all } from "../http/envelope.ts";

/** What the catalogue of vendors offers. */
export const vendorEndpoints = () => [
  endpoint({
    method: "GET",
    path: "/api/v1/vendors/llm-drivers",
    summary: "List the vendors that an LLM may have",
    permission: "llms.read",
    result: z.object({ data: z.array(z.string()) }),
    handle: async () => all([...vendorIds] as string[]),
  }),
];
