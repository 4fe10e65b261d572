import { z } from "zod";
import { Id } from "../../fields/contract.ts";
import { resourceOf } from "../../http/contract.ts";
import { LlmFields } from "../contract.ts";

/** Fields of an LLM's draft, of a stored LLM (`llm_id`), or of a stored one with changes that are not saved yet. */
export const ConnectionTest = z
  .strictObject({
    llm_id: Id.nullish(),
    vendor: LlmFields.vendor.nullish(),
    api_endpoint: LlmFields.api_endpoint.nullish(),
    /** `[redacted]` and an absent key are the stored one, which goes to the stored endpoint only. */
    api_key: LlmFields.api_key.nullish(),
    default_model: LlmFields.default_model.nullish(),
  })
  .refine(({ llm_id, vendor }) => llm_id || vendor, { path: ["vendor"], message: "is required without llm_id" });
export type ConnectionTest = z.output<typeof ConnectionTest>;

export const connectionCodes = [
  "connected",
  "model_not_found",
  "no_model_list",
  "key_restricted",
  "rate_limited",
  "key_missing",
  "key_rejected",
  "key_invalid",
  "not_allowed",
  "redirected",
  "unexpected_answer",
  "vendor_error",
  "name_not_resolved",
  "dns_failed",
  "connection_refused",
  "no_route",
  "connection_closed",
  "tls_failed",
  "timeout",
  "unreachable",
] as const;
export type ConnectionCode = (typeof connectionCodes)[number];

export const ConnectionResult = z.object({
  /** A warning is an endpoint that answers but may not do what it is for. */
  result: z.enum(["ok", "warning", "failed"]),
  code: z.enum(connectionCodes),
  /** What was found and what to do about it. */
  message: z.string(),
  /** The field to look at, "" for none. */
  field: z.enum(["", "api_endpoint", "api_key", "default_model"]),
  host: z.string(),
  /** Status of the vendor's answer; null when there was none. */
  http_status: z.number().nullable(),
  duration_ms: z.number(),
  /** Models that the vendor lists, at most 1000. */
  models: z.array(z.string()),
});
export type ConnectionResult = z.infer<typeof ConnectionResult>;

export const ConnectionResource = resourceOf("llm-connection-tests", ConnectionResult);
