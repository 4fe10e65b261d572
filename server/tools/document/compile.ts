import {
  type BodyContent,
  type BodyDefinition,
  definitionVersion,
  type OperationDefinition,
  type ParameterDefinition,
  type ParameterStyle,
  type PropertyEncoding,
  type SecurityScheme,
  type ToolDefinition,
} from "@portico/tool-executor/definition";
import { errorAt, type PlacedFault, warningAt } from "./faults.ts";
import { isObject, type Json, targetOf } from "./json.ts";
import { createSchemaReader, type ReadSchema } from "./schemas.ts";

export const maxOperations = 1000;

const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
const ignoredHeaders = ["accept", "content-type", "authorization"];
const styles: Record<string, ParameterStyle[]> = {
  path: ["simple", "label", "matrix"],
  query: ["form", "spaceDelimited", "pipeDelimited", "deepObject"],
  header: ["simple"],
  cookie: ["form"],
};

type Context = { document: Json; resolve(value: unknown): Json; readSchema: ReadSchema; faults: PlacedFault[] };

/** What calls need of a document of OpenAPI 3 that has passed its checks. Faults that stop nobody from calling the rest are warnings. */
export function compile(document: Json): { definition: ToolDefinition; faults: PlacedFault[] } {
  const faults: PlacedFault[] = [];
  const context: Context = {
    document,
    faults,
    readSchema: createSchemaReader(document),
    resolve: (value) => resolve(document, value),
  };
  const info = asObject(document.info);
  const operations = operationsOf(context);
  const servers = serversOf(document.servers);
  if (operations.length === 0) faults.push(errorAt(["paths"], "has no operations, so there would be nothing to call"));
  if (operations.length > maxOperations) faults.push(errorAt(["paths"], `has more than ${maxOperations} operations`));
  if (servers.length === 0) faults.push(warningAt([], "has no `servers`: set a base URL to call it"));
  else if (!/^https?:\/\//i.test(servers[0] ?? ""))
    faults.push(warningAt(["servers", "0", "url"], "is relative: set a base URL to call it"));
  return {
    faults,
    definition: {
      version: definitionVersion,
      title: asText(info.title),
      documentVersion: asText(info.version),
      description: asText(info.description),
      servers,
      securitySchemes: securitySchemesOf(context),
      operations,
    },
  };
}

const asText = (value: unknown): string => (typeof value === "string" ? value : "");
const asObject = (value: unknown): Json => (isObject(value) ? value : {});
const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Follows references until there is a thing; a circle of nothing but references is none. */
function resolve(document: Json, value: unknown): Json {
  let node = value;
  for (let hops = 0; hops < 32; hops++) {
    if (!isObject(node)) return {};
    if (typeof node.$ref !== "string") return node;
    node = targetOf(document, node.$ref);
  }
  return {};
}

function operationsOf(context: Context): OperationDefinition[] {
  const { document, resolve: follow, faults } = context;
  const operations: OperationDefinition[] = [];
  const ids = new Map<string, string[]>();
  const isOpenByDefault = Array.isArray(document.security) && document.security.length === 0;
  for (const [path, stored] of Object.entries(asObject(document.paths))) {
    if (!path.startsWith("/")) continue;
    const item = follow(stored);
    for (const [method, operation] of Object.entries(item)) {
      if (!methods.includes(method) || !isObject(operation)) continue;
      const at = ["paths", path, method];
      const id = asText(operation.operationId).trim() || idFrom(method, path);
      if (!/^[\x21-\x7e]{1,200}$/.test(id))
        faults.push(errorAt([...at, "operationId"], "must be at most 200 visible ASCII characters without spaces"));
      const first = ids.get(id);
      if (first) faults.push(errorAt(at, `has the operationId ${JSON.stringify(id)}, which ${first.join(".")} has too`));
      ids.set(id, at);
      const body = operation.requestBody === undefined ? undefined : bodyOf(context, operation.requestBody);
      const own = [...serversOf(operation.servers), ...serversOf(item.servers)];
      operations.push({
        id,
        method: method.toUpperCase(),
        path,
        summary: asText(operation.summary) || asText(item.summary),
        description: asText(operation.description) || asText(item.description),
        deprecated: operation.deprecated === true,
        ...(own.length > 0 ? { servers: own } : {}),
        parameters: parametersOf(context, path, at, [...asList(item.parameters), ...asList(operation.parameters)]),
        ...(body ? { body } : {}),
        isOpen: Array.isArray(operation.security) ? operation.security.length === 0 : isOpenByDefault,
      });
    }
  }
  return operations;
}

/** `get /pets/{petId}` is called `get_pets_petId` where the document has no name for it. */
const idFrom = (method: string, path: string): string =>
  [method, ...path.split(/[^A-Za-z0-9]+/)]
    .filter((part) => part !== "")
    .join("_")
    .slice(0, 200);

function serversOf(servers: unknown): string[] {
  return asList(servers).flatMap((server) => {
    if (!isObject(server) || typeof server.url !== "string") return [];
    const variables = asObject(server.variables);
    return [server.url.replace(/\{([^{}]+)\}/g, (whole, name: string) => String(asObject(variables[name]).default ?? whole))];
  });
}

function parametersOf(context: Context, path: string, at: string[], stored: unknown[]): ParameterDefinition[] {
  const found = new Map<string, ParameterDefinition>();
  for (const one of stored) {
    const parameter = parameterOf(context, context.resolve(one));
    // What an operation says of a parameter replaces what its path says.
    if (parameter) found.set(`${parameter.in} ${parameter.name}`, parameter);
  }
  for (const [, name = ""] of path.matchAll(/\{([^{}]+)\}/g)) {
    if (found.has(`path ${name}`)) continue;
    context.faults.push(warningAt(at, `does not describe the path parameter ${JSON.stringify(name)}: it is taken as text`));
    found.set(`path ${name}`, plainParameter(name));
  }
  return [...found.values()];
}

const plainParameter = (name: string): ParameterDefinition => ({
  name,
  in: "path",
  required: true,
  description: "",
  style: "simple",
  explode: false,
  allowReserved: false,
  schema: { type: "string" },
});

function parameterOf({ readSchema }: Context, stored: Json): ParameterDefinition | undefined {
  const { name } = stored;
  const place = stored.in;
  if (typeof name !== "string" || name === "") return undefined;
  if (place !== "path" && place !== "query" && place !== "header" && place !== "cookie") return undefined;
  // OpenAPI: these are set by bodies and security schemes only.
  if (place === "header" && ignoredHeaders.includes(name.toLowerCase())) return undefined;
  const [usual = "simple"] = styles[place] ?? [];
  const style = (styles[place] ?? []).find((one) => one === stored.style) ?? usual;
  const [content] = Object.entries(asObject(stored.content));
  const schema = readSchema(content ? asObject(content[1]).schema : stored.schema);
  const example = stored.example ?? schema.example;
  return {
    name,
    in: place,
    required: place === "path" || stored.required === true,
    description: asText(stored.description),
    style,
    explode: typeof stored.explode === "boolean" ? stored.explode : style === "form",
    allowReserved: stored.allowReserved === true,
    ...(content ? { contentType: content[0] } : {}),
    schema,
    ...(example === undefined ? {} : { example }),
  };
}

function bodyOf(context: Context, stored: unknown): BodyDefinition | undefined {
  const body = context.resolve(stored);
  const contents = Object.entries(asObject(body.content)).map(([type, media]) => contentOf(context, type, asObject(media)));
  return contents.length === 0 ? undefined : { required: body.required === true, description: asText(body.description), contents };
}

function contentOf({ readSchema, resolve: follow }: Context, type: string, media: Json): BodyContent {
  const schema = readSchema(media.schema);
  const [firstExample] = Object.values(asObject(media.examples));
  const example = media.example ?? (firstExample === undefined ? undefined : follow(firstExample).value) ?? schema.example;
  const encodings = Object.entries(asObject(media.encoding)).map(([name, encoding]): [string, PropertyEncoding] => [
    name,
    encodingOf(asObject(encoding)),
  ]);
  return {
    type: type.toLowerCase().trim(),
    schema,
    ...(example === undefined ? {} : { example }),
    ...(encodings.length === 0 ? {} : { encoding: Object.fromEntries(encodings) }),
  };
}

const encodingOf = ({ contentType, style, explode, allowReserved }: Json): PropertyEncoding => ({
  ...(typeof contentType === "string" ? { contentType } : {}),
  ...(typeof style === "string" ? { style: styles.query?.find((one) => one === style) ?? "form" } : {}),
  ...(typeof explode === "boolean" ? { explode } : {}),
  ...(allowReserved === true ? { allowReserved } : {}),
});

function securitySchemesOf({ document, resolve: follow }: Context): Record<string, SecurityScheme> {
  const stored = asObject(asObject(document.components).securitySchemes);
  return Object.fromEntries(Object.entries(stored).map(([name, scheme]) => [name, schemeOf(follow(scheme))]));
}

function schemeOf(stored: Json): SecurityScheme {
  const description = asText(stored.description);
  const type = asText(stored.type);
  const place = stored.in;
  if (type === "apiKey" && (place === "header" || place === "query" || place === "cookie"))
    return { type, name: asText(stored.name), in: place, description };
  const scheme = asText(stored.scheme).toLowerCase();
  if (type === "http" && (scheme === "bearer" || scheme === "basic")) return { type, scheme, description };
  if (type === "openIdConnect") return { type: "http", scheme: "bearer", description };
  if (type === "oauth2") {
    const flow = asObject(asObject(stored.flows).clientCredentials);
    return { type, tokenUrl: asText(flow.tokenUrl) || null, scopes: Object.keys(asObject(flow.scopes)), description };
  }
  return { type: "unsupported", what: [type, scheme].filter((part) => part !== "").join(" "), description };
}
