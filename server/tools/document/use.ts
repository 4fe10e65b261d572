import type { FieldIssue } from "@portico/core";
import type { ToolDefinition } from "@portico/tool-executor/definition";

/** What a tool says of its document that is not so. */
export function faultsOfUse(
  { operations, securitySchemes }: ToolDefinition,
  tool: { operations?: string[] | undefined; auth_schema_name: string },
): FieldIssue[] {
  const issues: FieldIssue[] = [];
  const known = new Set(operations.map(({ id }) => id));
  for (const [index, id] of (tool.operations ?? []).entries())
    if (!known.has(id))
      issues.push({
        field: `operations.${index}`,
        message: `the document has no operation ${JSON.stringify(id)}; it has ${listOf([...known])}`,
      });
  const name = tool.auth_schema_name;
  if (name === "") return issues;
  const scheme = Object.hasOwn(securitySchemes, name) ? securitySchemes[name] : undefined;
  if (!scheme)
    issues.push({
      field: "auth_schema_name",
      message: `the document has no security scheme ${JSON.stringify(name)}; it has ${listOf(Object.keys(securitySchemes))}`,
    });
  else if (scheme.type === "unsupported")
    issues.push({
      field: "auth_schema_name",
      message: `is of the type ${scheme.what}, which is not supported: use apiKey, bearer, basic or oauth2`,
    });
  return issues;
}

function listOf(names: string[]): string {
  if (names.length === 0) return "none";
  return names.length > 10 ? `${names.slice(0, 10).join(", ")} and ${names.length - 10} more` : names.join(", ");
}
