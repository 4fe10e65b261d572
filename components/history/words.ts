const names: Record<string, string> = {
  llm_ids: "LLMs",
  tool_ids: "Tools",
  oas_spec: "OpenAPI document",
  auth_key: "Key",
  auth_schema_name: "Security scheme",
  base_url: "Base URL",
  file_stores: "Documents",
  user_id: "Owner",
  plugin_ids: "Plugins",
  api_key: "API key",
  api_endpoint: "Endpoint",
  is_active: "Active",
  is_admin: "Administrator",
  cpit: "Input price per token",
  cpt: "Output price per token",
};

/** The name of an API field as pages write it. */
export function fieldName(field: string): string {
  const known = names[field];
  if (known !== undefined) return known;
  const words = field.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const longest = 300;

/** A value in a line. A secret only says that it changed. */
export function valueText(value: unknown): string {
  if (value === "[redacted]" || value === "changed" || value === "rotated" || value === "rolled") return "changed";
  if (value === null || value === undefined || value === "") return "nothing";
  if (typeof value === "boolean") return value ? "yes" : "no";
  const text = typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
