/**
 * Where references to secrets are stored. A field that may hold one is a line here: the secret cannot be deleted or renamed while it is
 * used, and its page shows where. `?` stands for the reference.
 */
export type SecretUse = {
  /** The API's type of what uses it. */
  type: string;
  /** Name of the field, for people. */
  field: string;
  /** Table of what uses it as `o`, with its joins. */
  from: string;
  matches: string;
};

export const secretUses: readonly SecretUse[] = [
  { type: "llms", field: "api_key", from: "llms o", matches: "o.api_key_sealed = ? AND o.api_key_sealed LIKE '$%'" },
  {
    type: "llms",
    field: "config_override",
    from: "llm_plugins a JOIN llms o ON o.id = a.llm_id",
    matches: "a.secret_references @> ARRAY[?] AND a.secret_references <> '{}'",
  },
  { type: "plugins", field: "config", from: "plugins o", matches: "o.secret_references @> ARRAY[?] AND o.secret_references <> '{}'" },
  {
    type: "datasources",
    field: "db_conn_api_key",
    from: "datasources o",
    matches: "o.db_conn_api_key_sealed = ? AND o.db_conn_api_key_sealed LIKE '$%'",
  },
  {
    type: "datasources",
    field: "embed_api_key",
    from: "datasources o",
    matches: "o.embed_api_key_sealed = ? AND o.embed_api_key_sealed LIKE '$%'",
  },
  { type: "tools", field: "auth_key", from: "tools o", matches: "o.auth_key_sealed = ? AND o.auth_key_sealed LIKE '$%'" },
];
