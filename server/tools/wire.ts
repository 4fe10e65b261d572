import { toResource as toFileResource } from "../filestore/wire.ts";
import { documentBase64 } from "./contract/document-text.ts";
import { redacted, type ToolAttributes, type ToolResource } from "./contract.ts";
import type { Tool } from "./store.ts";

/** What the API, plugins and events may see of a tool. */
export const toAttributes = (tool: Tool): ToolAttributes => ({
  name: tool.name,
  slug: tool.slug,
  description: tool.description,
  tool_type: tool.toolType,
  oas_spec: documentBase64(tool.spec),
  operations: tool.operations,
  base_url: tool.baseUrl,
  privacy_score: tool.privacyScore,
  auth_key: tool.hasAuthKey ? redacted : "",
  has_auth_key: tool.hasAuthKey,
  auth_key_reference: tool.authKeyReference,
  auth_schema_name: tool.authSchemaName,
  active: tool.active,
  namespace: tool.namespace,
  file_stores: tool.files.map(toFileResource),
  filters: [],
  dependencies: tool.dependencies.map(({ id, ...attributes }) => ({ type: "tools", id: String(id), attributes })),
  metadata: tool.metadata,
  created_at: tool.createdAt.toISOString(),
  updated_at: tool.updatedAt.toISOString(),
});

export const toResource = (tool: Tool): ToolResource => ({ type: "tools", id: String(tool.id), attributes: toAttributes(tool) });
