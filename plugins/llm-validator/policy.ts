import type { LlmObject } from "@portico/plugin-sdk";

/** The house rules; see config.schema.json. */
export type Policy = {
  require_https: boolean;
  allow_http_loopback: boolean;
  blocked_vendors: string[];
  min_privacy_score: number;
  require_description: boolean;
};

/** Vendors that are reached at an address of their own when none is given. */
const hostedVendors = new Set(["openai", "anthropic"]);

const isLoopback = (host: string) => host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);

function faultOfEndpoint({ api_endpoint: endpoint, vendor }: LlmObject, policy: Policy): string | undefined {
  if (!policy.require_https) return undefined;
  if (!endpoint) return hostedVendors.has(vendor.toLowerCase()) ? undefined : "API endpoint is required and must use HTTPS";
  const url = URL.parse(endpoint);
  if (!url) return "API endpoint must be a complete address that starts with https://";
  if (url.protocol === "https:") return undefined;
  if (url.protocol === "http:" && policy.allow_http_loopback && isLoopback(url.hostname)) return undefined;
  return "API endpoint must use HTTPS";
}

/** The first rule that an LLM breaks, in words for the person who saves it; undefined when it breaks none. */
export function faultOf(llm: LlmObject, policy: Policy): string | undefined {
  const endpoint = faultOfEndpoint(llm, policy);
  if (endpoint) return endpoint;
  if (policy.blocked_vendors.some((vendor) => vendor.toLowerCase() === llm.vendor.toLowerCase())) {
    return `vendor '${llm.vendor}' is blocked by policy`;
  }
  const score = llm.privacy_score ?? 0;
  if (score < policy.min_privacy_score) return `privacy score ${score} is below minimum required ${policy.min_privacy_score}`;
  if (policy.require_description && !llm.short_description?.trim()) return "short description is required";
  return undefined;
}

/** The rules in force, for the note left on an accepted LLM. */
export const rulesOf = (policy: Policy): string[] => [
  ...(policy.require_https ? ["https"] : []),
  ...(policy.blocked_vendors.length > 0 ? ["vendor"] : []),
  ...(policy.min_privacy_score > 0 ? ["privacy"] : []),
  ...(policy.require_description ? ["description"] : []),
];
