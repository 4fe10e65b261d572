import { z } from "zod";

export const Health = z.object({ status: z.literal("ok") });

/** `checks` says "ok", or what is missing, of each thing that must be in place; `missing` has the latter only. */
export const Readiness = z.object({
  status: z.enum(["ready", "not ready"]),
  checks: z.record(z.string(), z.string()),
  missing: z.array(z.string()).optional(),
});

/** What a page needs before sign-in. */
export const FrontendConfig = z.object({
  /** This studio, as the client addressed it. */
  apiBaseURL: z.string(),
  /** Where clients reach the gateway. */
  proxyURL: z.string(),
  toolDisplayURL: z.string(),
  dataSourceDisplayURL: z.string(),
  defaultSignUpMode: z.string(),
  tibEnabled: z.boolean(),
  is_enterprise: z.boolean(),
  docsLinks: z.record(z.string(), z.string()),
  docsEnabled: z.boolean(),
});
export type FrontendConfig = z.infer<typeof FrontendConfig>;

export const Features = z.object({ features: z.record(z.string(), z.boolean()), edition: z.string(), version: z.string() });

export const OpenApiDocument = z.record(z.string(), z.unknown());
export type OpenApiDocument = z.infer<typeof OpenApiDocument>;
