const sentences: Record<string, string> = {
  upstream_unreachable: "The gateway could not connect to the vendor. Check the LLM's endpoint.",
  upstream_refused: "The LLM's endpoint is at an address that this gateway may not call.",
  upstream_connect_timeout: "The gateway could not connect to the vendor in time.",
  upstream_invalid: "The gateway could not read the vendor's response.",
  upstream_timeout: "The vendor did not answer in time.",
  upstream_status: "The vendor answered with an error.",
  upstream_error: "The vendor reported an error in its answer.",
  upstream_broke_off: "The vendor ended the connection before the answer was complete.",
  budget_exceeded: "The monthly budget of the app or of the LLM was reached.",
  price_unknown: "The model has no price, and a budget applies. Create a price for it.",
  model_not_allowed: "The model is not in the LLM's list of allowed models.",
  endpoint_not_allowed: "Apps may not call this path of the LLM.",
  llm_not_found: "The path matches no LLM of this gateway.",
  llm_not_allowed: "The app does not have access to this LLM.",
  request_too_large: "The request body was larger than the gateway accepts.",
  unsupported_encoding: "The gateway does not support the compression of the request body.",
  body_encoding_invalid: "The request body could not be decompressed.",
  user_invalid: "The X-Portico-User header did not name a user.",
  internal: "The gateway failed. Its log has the details under the request id.",
};

/** Why a call did not complete, for people; undefined for a reason that only its plugin or vendor can explain. */
export const explainReason = (reason: string): string | undefined => sentences[reason];
