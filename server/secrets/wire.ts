import { referenceTo } from "./contract/reference-text.ts";
import type { SecretAttributes, SecretResource } from "./contract.ts";
import type { Secret } from "./store.ts";

/** The value is shown as the reference that stands for it. */
export const toAttributes = (secret: Secret): SecretAttributes => ({
  var_name: secret.name,
  value: referenceTo(secret.name),
  description: secret.description,
  has_value: secret.hasValue,
  use_count: secret.useCount,
  rotated_at: secret.rotatedAt?.toISOString() ?? null,
  created_at: secret.createdAt.toISOString(),
  updated_at: secret.updatedAt.toISOString(),
});

export const toResource = (secret: Secret): SecretResource => ({
  type: "secrets",
  id: String(secret.id),
  attributes: toAttributes(secret),
});
