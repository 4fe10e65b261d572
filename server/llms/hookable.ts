import { invalid, slugify } from "@portico/core";
import type { Outbound } from "@portico/outbound";
import { type Hookable, hookable } from "../plugins/hooks/hookable.ts";
import { type Guard, isChanged } from "../plugins/hooks/policy.ts";
import { referenceIn } from "../secrets/contract/reference-text.ts";
import { LlmDraft, LlmFields, redacted } from "./contract.ts";
import type { Llm } from "./store.ts";
import { toAttributes } from "./wire.ts";

/** Where the LLM's key goes. The vendor and the namespace count as the endpoint: each of them decides which host gets the key. */
const endpoint: Guard = { scope: "llms.endpoint", needs: isChanged };

/** LLMs for plugins to judge and change. The key is not theirs to see or change, and neither is what the key opens. */
export const hookableLlm = ({ outbound }: { outbound: Pick<Outbound, "faultOfUrl"> }): Hookable<Llm, LlmDraft> =>
  hookable<Llm, LlmDraft>({
    kind: "llm",
    fields: LlmFields,
    schema: LlmDraft,
    // Plugins and filters are shown as the reference shows them.
    show: (llm) => ({ id: llm.id, ...toAttributes(llm), plugins: llm.plugins, filters: llm.filters }),
    derive: ({ name, api_key, filters }, before) => ({
      slug: slugify(name),
      filters: filters.map((id) => before?.filters.find((one) => one.id === id) ?? { id }),
      plugins: before?.plugins ?? [],
      has_api_key: api_key === redacted ? (before?.hasApiKey ?? false) : api_key !== "",
      api_key_reference: api_key === redacted ? (before?.apiKeyReference ?? "") : referenceIn(api_key) ? api_key : "",
    }),
    secretFields: ["api_key"],
    guards: {
      api_endpoint: endpoint,
      vendor: endpoint,
      namespace: endpoint,
      key_origins: endpoint,
      allowed_endpoints: endpoint,
      filters: { scope: "filters.write", needs: isChanged },
    },
    /** Names are judged again by what they resolve to, at each connection of a gateway. An endpoint that stays may stay, so that its LLM can be deactivated. */
    check({ api_endpoint }, before) {
      if (api_endpoint === "" || api_endpoint === before?.apiEndpoint) return;
      const fault = outbound.faultOfUrl("llm", new URL(api_endpoint));
      if (fault) throw invalid("api_endpoint", fault);
    },
    spelling: { names: { logo: "logo_url" } },
  });
