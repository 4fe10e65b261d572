import type { OperationDefinition, SecurityScheme, ToolDefinition } from "@portico/tool-executor/definition";
import type { DefinitionAttributes, SecuritySchemeShape, ToolOperationShape } from "./contract/definition.ts";

const withExample = (example: unknown) => (example === undefined ? {} : { example });

const toOperationShape = (operation: OperationDefinition): ToolOperationShape => ({
  operation_id: operation.id,
  method: operation.method,
  path: operation.path,
  summary: operation.summary,
  description: operation.description,
  deprecated: operation.deprecated,
  parameters: operation.parameters.map((parameter) => ({
    name: parameter.name,
    in: parameter.in,
    required: parameter.required,
    description: parameter.description,
    style: parameter.style,
    explode: parameter.explode,
    content_type: parameter.contentType ?? null,
    schema: parameter.schema,
    ...withExample(parameter.example),
  })),
  body: operation.body
    ? {
        required: operation.body.required,
        description: operation.body.description,
        contents: operation.body.contents.map(({ type, schema, example }) => ({ type, schema, ...withExample(example) })),
      }
    : null,
});

/** Which kind of key a scheme takes, and where the key goes. */
export function toSchemeShape(name: string, scheme: SecurityScheme): SecuritySchemeShape {
  const { description } = scheme;
  const places = { header: "header", query: "query parameter", cookie: "cookie" };
  switch (scheme.type) {
    case "apiKey":
      return { name, type: "apiKey", use: `The key is sent in the ${places[scheme.in]} ${scheme.name}.`, description };
    case "http":
      return scheme.scheme === "basic"
        ? { name, type: "basic", use: "Enter user:password. It is sent as HTTP basic authentication.", description }
        : { name, type: "bearer", use: "The key is sent as a bearer token.", description };
    case "oauth2":
      return {
        name,
        type: "oauth2",
        use: scheme.tokenUrl
          ? `Enter client_id:client_secret, which is exchanged for tokens at ${scheme.tokenUrl}, or an access token.`
          : "Enter an access token. It is sent as a bearer token.",
        description,
      };
    default:
      return { name, type: "unsupported", use: `Schemes of the type ${scheme.what} are not supported.`, description };
  }
}

export const toDefinitionAttributes = (definition: ToolDefinition): DefinitionAttributes => ({
  title: definition.title,
  document_version: definition.documentVersion,
  description: definition.description,
  servers: definition.servers,
  security_schemes: Object.entries(definition.securitySchemes).map(([name, scheme]) => toSchemeShape(name, scheme)),
  operations: definition.operations.map(toOperationShape),
});
