import { slugify } from "@portico/core";
import { faultOfPattern } from "@portico/core/patterns";
import { vendorIds } from "@portico/protocol/vendors";
import { z } from "zod";
import { Budget, Flag, faultOfHttpUrl, must, Namespace, redacted, Time, text } from "../fields/contract.ts";

export { redacted };

export const LlmVendor = z.enum(vendorIds, { error: must(`one of ${vendorIds.join(", ")}`) });

const Endpoint = text(2000).superRefine((value, ctx) => {
  const fault = value === "" ? undefined : faultOfHttpUrl(value);
  if (fault) ctx.addIssue({ code: "custom", message: `${fault}, e.g. https://api.openai.com/v1` });
});

const Pattern = text(500)
  .min(1, "must not be empty")
  .superRefine((value, ctx) => {
    const fault = value === "" ? undefined : faultOfPattern(value);
    if (fault) ctx.addIssue({ code: "custom", message: `${fault}; write one like ^gpt-4o.*$` });
  });

/** A vendor path that apps may call besides the usual ones, and all below it. */
const VendorPath = text(200).regex(
  /^(?:\*|[A-Za-z0-9_-]+(?:\/[A-Za-z0-9_-]+)*)$/,
  'must be a path of the vendor without its version and without slashes around it, e.g. files or fine_tuning/jobs, or "*" for all',
);

const Origin = text(300).refine(
  (value) => faultOfHttpUrl(value) === undefined && new URL(value).origin === value,
  "must be an http or https origin without a path, e.g. https://eu.api.openai.com",
);

/** What slugify() of core does, for people. */
export const pathRule =
  "the gateway's path is the name in lower case with a-z, 0-9 and _ kept, accents dropped, & and @ spelt out and anything else made a hyphen";

const fields = {
  name: text(120)
    .min(1, "is required")
    .refine((name) => slugify(name) !== "", `needs at least one letter from a to z or a digit: ${pathRule}`),
  vendor: LlmVendor,
  api_endpoint: Endpoint,
  /** Write-only; never returned. */
  api_key: text(4000),
  default_model: text(200),
  /** Unanchored regular expressions; empty allows every model. */
  allowed_models: z.array(Pattern).max(200, "takes at most 200 patterns"),
  /** Vendor paths that apps may call besides those every LLM of the vendor offers, e.g. files, batches. */
  allowed_endpoints: z.array(VendorPath).max(100, "takes at most 100 paths"),
  /** Origins besides the endpoint's that the key may be sent to when a plugin sends a request elsewhere. */
  key_origins: z.array(Origin).max(20, "takes at most 20 origins"),
  privacy_score: z.number("must be a number").int("must be a whole number").min(0).max(100),
  short_description: text(1000),
  long_description: text(20_000),
  logo_url: text(2000),
  active: Flag,
  monthly_budget: Budget,
  budget_start_date: Time,
  namespace: Namespace,
};

/** A new LLM, as a caller sends it and as plugins see it. */
export const LlmDraft = z.strictObject({
  name: fields.name,
  vendor: fields.vendor,
  api_endpoint: fields.api_endpoint.default(""),
  api_key: fields.api_key.default(""),
  default_model: fields.default_model.default(""),
  allowed_models: fields.allowed_models
    .nullable()
    .default([])
    .transform((list) => list ?? []),
  allowed_endpoints: fields.allowed_endpoints.default([]),
  key_origins: fields.key_origins.default([]),
  privacy_score: fields.privacy_score.default(0),
  short_description: fields.short_description.default(""),
  long_description: fields.long_description.default(""),
  logo_url: fields.logo_url.default(""),
  active: fields.active.default(true),
  monthly_budget: fields.monthly_budget.default(null),
  budget_start_date: fields.budget_start_date.default(null),
  namespace: fields.namespace.default(""),
});
export type LlmDraft = z.infer<typeof LlmDraft>;

/** A change names only what it changes. */
export const LlmPatch = z.strictObject(fields).partial();
export type LlmPatch = z.infer<typeof LlmPatch>;

/** What the API shows of an LLM. */
export const LlmAttributes = z.object({
  name: z.string(),
  slug: z.string(),
  vendor: z.string(),
  api_endpoint: z.string(),
  api_key: z.string(),
  has_api_key: z.boolean(),
  default_model: z.string(),
  allowed_models: z.array(z.string()),
  allowed_endpoints: z.array(z.string()),
  key_origins: z.array(z.string()),
  privacy_score: z.number(),
  short_description: z.string(),
  long_description: z.string(),
  logo_url: z.string(),
  active: z.boolean(),
  monthly_budget: z.number().nullable(),
  budget_start_date: z.string().nullable(),
  namespace: z.string(),
  metadata: z.record(z.string(), z.unknown()),
  created_at: z.string(),
  updated_at: z.string(),
});
