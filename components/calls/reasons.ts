const sentences: Record<string, string> = {
  upstream_unreachable: "The gateway could not connect to the vendor. Check the LLM's endpoint.",
  upstream_refused: "The LLM's endpoint is at an address that this gateway may not call.",
  upstream_connect_timeout: "The gateway could not connect to the vendor in time.",
  upstream_invalid: "The vendor's answer was not one that the gateway can read.",
  upstream_timeout: "The vendor did not answer in time.",
  upstream_status: "The vendor answered with an error.",
  upstream_error: "The vendor reported an error in its answer.",
  upstream_broke_off: "The vendor ended the connection before the answer was complete.",
  budget_exceeded: "The monthly budget of the app or of the LLM was reached.",
  price_unknown: "The model has no price, and a budget applies. Create a price for it.",
  model_not_allowed: "The model is not in the LLM's list of allowed models.",
  endpoint_not_allowed: "The path is not one that apps may call on this LLM.",
  llm_not_found: "The address names no LLM that the gateway knows.",
  llm_not_allowed: "The app does not have access to this LLM.",
  request_too_large: "The request body was larger than the gateway accepts.",
  unsupported_encoding: "The request body was compressed in a way that the gateway does not read.",
  body_encoding_invalid: "The request body could not be decompressed.",
  user_invalid: "The X-Portico-User header did not name a user.",
  internal: "The gateway failed. Its log has the details under the request id.",
};

/** Why a call did not complete, for people; undefined for a reason that only its plugin or vendor can explain. */
export const explainReason = (reason: string): string | undefined => sentences[reason];
