import { slugify } from "@portico/core";
import { faultOfPattern } from "@portico/core/patterns";
import { vendorIds } from "@portico/protocol/vendors";
import { z } from "zod";
import { attributesOf, draftOf, patchOf, replacementOf, timestamps } from "../fields/contract/resource.ts";
import { Budget, Flag, faultOfHttpUrl, Ids, must, Namespace, redacted, Time, text } from "../fields/contract.ts";
import { resourceOf } from "../http/contract.ts";
import { SecretValue } from "../secrets/contract/reference.ts";

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
  "the gateway path is the name in lower case: a-z, 0-9 and _ are kept, accents dropped, & and @ spelt out, and everything else becomes a hyphen";

export const LlmFields = {
  name: text(120)
    .min(1, "is required")
    .refine((name) => slugify(name) !== "", `needs at least one letter from a to z or a digit: ${pathRule}`),
  vendor: LlmVendor,
  api_endpoint: Endpoint,
  /** Write-only: shown as `[redacted]`, also when it is a reference to a secret. */
  api_key: SecretValue(4000),
  default_model: text(200),
  /** Unanchored regular expressions; empty allows every model. */
  allowed_models: z.array(Pattern).max(200, "must have at most 200 patterns"),
  /** Vendor paths that apps may call besides those every LLM of the vendor offers, e.g. files, batches. */
  allowed_endpoints: z.array(VendorPath).max(100, "must have at most 100 paths"),
  /** Origins besides the endpoint's that the key may be sent to when a plugin sends a request elsewhere. */
  key_origins: z.array(Origin).max(20, "must have at most 20 origins"),
  privacy_score: z
    .number("must be a number")
    .int("must be a whole number")
    .min(0, "must be from 0 to 100")
    .max(100, "must be from 0 to 100"),
  short_description: text(1000),
  long_description: text(20_000),
  logo_url: text(2000),
  active: Flag,
  /** Dollars a month; null is unlimited. */
  monthly_budget: Budget,
  budget_start_date: Time,
  namespace: Namespace,
  /** In the order in which they run; one may be sent as its id or as answers show it. */
  filters: Ids.refine((ids) => ids.length <= 50, "must have at most 50 filters"),
};

const defaults = {
  api_endpoint: "",
  api_key: "",
  default_model: "",
  allowed_models: [],
  allowed_endpoints: [],
  key_origins: [],
  privacy_score: 0,
  short_description: "",
  long_description: "",
  logo_url: "",
  active: true,
  monthly_budget: null,
  budget_start_date: null,
  namespace: "",
  filters: [],
};

/** A new LLM, as a caller sends it and as plugins see it. */
export const LlmDraft = draftOf(LlmFields, defaults);
export type LlmDraft = z.infer<typeof LlmDraft>;

const AttachedTo = resourceOf("plugins", z.object({ name: z.string(), slug: z.string(), hook_type: z.string(), is_active: z.boolean() }));

/** Without its script. */
const FilterOfLlm = resourceOf(
  "filter",
  z.object({ name: z.string(), description: z.string(), response_filter: z.boolean(), active: z.boolean(), namespace: z.string() }),
);

export const LlmAttributes = attributesOf(LlmFields, {
  /** Last part of the LLM's path on gateways; follows from the name. */
  slug: z.string(),
  has_api_key: z.boolean(),
  /** What the key refers to, e.g. `$SECRET/OPENAI_KEY`; "" for a key of its own. */
  api_key_reference: z.string(),
  /** In the order in which they run. */
  filters: z.array(FilterOfLlm),
  /** In the order in which they run; set with `PUT /llms/{id}/plugins`. */
  plugins: z.array(AttachedTo),
  /** What plugins keep with the LLM. */
  metadata: z.record(z.string(), z.unknown()),
  ...timestamps,
});
export type LlmAttributes = z.infer<typeof LlmAttributes>;

/** The slug follows from the name. */
const shape = { shown: LlmAttributes, fixed: ["slug"] };

export const LlmPatch = patchOf(LlmFields, shape);
export type LlmPatch = z.infer<typeof LlmPatch>;

/** Without `api_key` the stored key stays. */
export const LlmReplacement = replacementOf(LlmFields, { ...defaults, api_key: undefined }, shape);

export const LlmResource = resourceOf("llms", LlmAttributes);
export type LlmResource = z.infer<typeof LlmResource>;
