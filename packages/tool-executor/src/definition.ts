/**
 * What calls need of an OpenAPI document, with every reference resolved: made once when a tool is written, kept with it, and read by
 * studio and gateways without an OpenAPI library. It is JSON.
 */
export type ToolDefinition = {
  version: typeof definitionVersion;
  title: string;
  /** The document's own version number. */
  documentVersion: string;
  description: string;
  /** Of the whole document, with its variables at their defaults; may be relative to where the document came from. */
  servers: string[];
  securitySchemes: Record<string, SecurityScheme>;
  operations: OperationDefinition[];
};

export const definitionVersion = 1;

/** JSON Schema as the document had it, without references; `{}` where it refers to itself or goes on for too long. */
export type JsonSchema = { readonly [keyword: string]: unknown };

export type OperationDefinition = {
  /** operationId, or made from method and path where the document has none. */
  id: string;
  /** Upper case. */
  method: string;
  /** With `{name}` for each path parameter. */
  path: string;
  summary: string;
  description: string;
  deprecated: boolean;
  /** Servers of this operation alone; absent for those of the document. */
  servers?: string[];
  parameters: ParameterDefinition[];
  body?: BodyDefinition;
  /** The operation says that it takes no authentication. */
  isOpen: boolean;
};

export type ParameterPlace = "path" | "query" | "header" | "cookie";
export type ParameterStyle = "simple" | "label" | "matrix" | "form" | "spaceDelimited" | "pipeDelimited" | "deepObject";

export type ParameterDefinition = {
  name: string;
  in: ParameterPlace;
  required: boolean;
  description: string;
  style: ParameterStyle;
  explode: boolean;
  /** Reserved characters of a URL are sent as they are. */
  allowReserved: boolean;
  /** The value is sent as one text of this type instead of in a style. */
  contentType?: string;
  schema: JsonSchema;
  example?: unknown;
};

export type BodyDefinition = {
  required: boolean;
  description: string;
  /** In the order of the document. */
  contents: BodyContent[];
};

export type BodyContent = {
  /** Media type, e.g. application/json. */
  type: string;
  schema: JsonSchema;
  example?: unknown;
  /** How single properties of a form are written. */
  encoding?: Record<string, PropertyEncoding>;
};

export type PropertyEncoding = { contentType?: string; style?: ParameterStyle; explode?: boolean; allowReserved?: boolean };

export type SecurityScheme =
  | { type: "apiKey"; name: string; in: "header" | "query" | "cookie"; description: string }
  /** `scheme` is bearer or basic. */
  | { type: "http"; scheme: "bearer" | "basic"; description: string }
  /** With a token endpoint the key is `client_id:client_secret`; without one it is an access token. */
  | { type: "oauth2"; tokenUrl: string | null; scopes: string[]; description: string }
  | { type: "unsupported"; what: string; description: string };
