import type { VendorId } from "@portico/protocol/vendors";

/** The REST API's shapes as the pages read them. Money is in dollars, times are RFC 3339, ids are decimal strings. */
export type Resource<A> = { type: string; id: string; attributes: A };
export type One<A> = { data: Resource<A> };
export type ListMeta = { total_count: number; total_pages: number; page_size: number; page_number: number };
export type List<A> = { data: Resource<A>[]; meta: ListMeta };

export type Llm = {
  name: string;
  slug?: string;
  api_key: string;
  has_api_key: boolean;
  api_endpoint: string;
  privacy_score: number;
  short_description: string;
  long_description: string;
  logo_url: string;
  vendor: VendorId;
  active: boolean;
  default_model: string;
  allowed_models: string[] | null;
  allowed_endpoints: string[];
  key_origins: string[];
  monthly_budget: number | null;
  budget_start_date: string | null;
  namespace: string;
  plugins?: Resource<Plugin>[] | null;
  created_at?: string;
  updated_at?: string;
};

export type ModelPrice = {
  model_name: string;
  vendor: string;
  /** Dollars per response token. */
  cpt: number;
  /** Dollars per prompt token. */
  cpit: number;
  cache_write_pt: number;
  cache_read_pt: number;
  currency: string;
};

export type App = {
  name: string;
  owner?: { id: number; name: string; email: string } | null;
  /** Only in the answer that creates the app. */
  credential?: { id: string; key_id: string; secret: string; active: boolean } | null;
  credential_active?: boolean;
  /** Dollars spent in the current budget period. */
  current_spend?: number;
  is_active?: boolean;
  description: string;
  user_id: number | null;
  credential_id?: number | null;
  llm_ids: number[] | null;
  monthly_budget: number | null;
  budget_start_date: string | null;
  is_orphaned?: boolean;
  namespace?: string;
  metadata?: Record<string, unknown>;
  created_at?: string;
  updated_at?: string;
};

export type Credential = { key_id: string; secret?: string; hint?: string; active: boolean; created_at?: string };

export type PluginState = "starting" | "healthy" | "unhealthy" | "failed" | "stopped";

export type Plugin = {
  name: string;
  slug: string;
  description: string;
  command: string;
  checksum?: string;
  config: Record<string, unknown> | null;
  hook_type: string;
  hook_types: string[] | null;
  is_active: boolean;
  namespace: string;
  plugin_type: string;
  manifest: PluginManifest | null;
  service_scopes: string[] | null;
  service_access_authorized: boolean;
  capabilities: string[];
  granted_capabilities: string[];
  pending_capabilities: string[];
  /** Names what is shown of the plugin; goes with an approval. */
  approval: string;
  code_hash: string;
  code_changed: boolean;
  dev: boolean;
  object_hook_failure_policy: "fail_closed" | "fail_open";
  ui_trusted: boolean;
  state: PluginState;
  state_error: string;
  restarts: number;
  created_at: string;
  updated_at: string;
};

export type PluginManifest = { id?: string; version?: string; name?: string; description?: string; [key: string]: unknown };

export type PluginResource = Resource<Plugin> & {
  relationships?: { llms?: { data: Resource<{ name: string; vendor: string; active: boolean }>[] } };
};

export type PluginMetadata = {
  command: string;
  hook_types: string[];
  primary_hook: string;
  config_schema?: Record<string, unknown>;
  manifest?: PluginManifest;
  scopes: string[];
  capabilities: string[];
  pending_capabilities: string[];
  approval: string;
  status: "ready" | "scopes_pending";
  loaded_at: string;
};

export type LogLine = { seq: number; at: string; stream: "stdout" | "stderr" | "host"; level: string; text: string; edge_id?: string };

export type Edge = {
  edge_id: string;
  namespace: string;
  version: string;
  advertised_url: string;
  last_heartbeat: string | null;
  status: string;
  session_id: string | null;
  sync_status: string;
  loaded_checksum: string;
  loaded_version: string;
  expected_checksum: string;
  expected_version: string;
  last_sync_ack: string | null;
  /** Why it refused the newest configuration; "" when it did not. */
  refusal: string;
  /** How it connected last: tls, mtls or plaintext; "" before the first time. */
  transport: string;
  rejected_records: number;
  ownerless_records: number;
  last_rejection: string;
  last_rejection_at: string | null;
  /** Fingerprint of the CA by which its gateway verifies studio. */
  hub_ca_sha256: string;
  /** Figures of the last heartbeat; empty before the first. */
  report: {
    requests_total?: number;
    requests_active?: number;
    resident_bytes?: number;
    telemetry_pending?: number;
    telemetry_dropped?: number;
    telemetry_rejected?: number;
    hub_messages_unreadable?: number;
    plugins?: { plugin_id: number; name: string; state: string; error: string; restarts: number }[];
  };
  created_at: string;
  updated_at: string;
  /** Only in the answer that made it. */
  token?: string;
};

export type Group = { name: string; user_count?: number; users?: Resource<User>[]; is_default?: boolean };

export type User = {
  email: string;
  name: string;
  is_admin: boolean;
  show_portal: boolean;
  show_chat: boolean;
  email_verified: boolean;
  role?: string;
  groups?: Resource<{ name: string }>[];
};

export type Me = {
  type: "user";
  id: string;
  attributes: {
    email: string;
    name: string;
    is_admin: boolean;
    ui_options: { show_chat: boolean; show_portal: boolean };
    groups?: { id: number; name: string }[];
  };
};

export type Dependent = { type: string; id: string; name: string; effect: string };

export type Overview = {
  totals: {
    requests: number;
    errors: number;
    prompt_tokens: number;
    response_tokens: number;
    cost: number;
    latency_p50_ms: number | null;
    latency_p95_ms: number | null;
  };
  series: { at: string; requests: number; errors: number; tokens: number; cost: number; latency_p50_ms: number | null }[];
  by_llm: { llm_id: string | number; name: string; requests: number; tokens: number; cost: number }[];
  by_app: { app_id: string | number; name: string; requests: number; tokens: number; cost: number }[];
  as_of: string;
};

export type Call = {
  request_id: string;
  at: string;
  app_id?: string | number | null;
  app_name: string;
  llm_id?: string | number | null;
  llm_name: string;
  model: string;
  outcome: string;
  /** Why it did not complete; "" when it did. */
  reason?: string;
  status_code: number;
  prompt_tokens: number;
  response_tokens: number;
  cost: number;
  duration_ms: number;
  streamed: boolean;
};

export type SidebarSection = {
  id: string;
  label: string;
  icon: string;
  plugin_id: number;
  plugin_name: string;
  icon_url?: string | null;
  sub_items: { id: string; text: string; path: string }[];
};

/** A page a plugin supplies: where it is mounted, and the element that fills it. */
export type RegistryRow = {
  id: number;
  plugin_id: number;
  slot_type: string;
  route_pattern: string;
  component_tag: string;
  entry_point: string;
  mount_config: { kind: string; tag?: string; entry?: string; props?: Record<string, unknown> | null; title?: string; label?: string };
  scope: "admin" | "portal";
  ui_trusted: boolean;
  /** Immutable address of the entry point's bytes; changes when they do. */
  entry_url: string | null;
  /** Subresource integrity of those bytes, e.g. `sha384-…`. */
  entry_integrity: string | null;
  entry_type: "classic" | "module" | null;
  /** Page of the sandboxed frame the element runs in unless it is trusted. */
  frame_url: string | null;
  /** Why the page cannot be shown now, in a sentence; "" when it can. */
  unavailable: string;
  plugin?: { id: number; name: string; ui_trusted?: boolean };
};

export type FrontendConfig = { proxyURL: string; apiBaseURL: string };
