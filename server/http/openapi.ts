import { z } from "zod";
import type { Endpoint } from "./endpoint.ts";

const errorSchema = {
  type: "object",
  required: ["errors"],
  properties: {
    errors: {
      type: "array",
      items: {
        type: "object",
        required: ["status", "code", "title", "detail"],
        properties: {
          status: { type: "string" },
          code: { type: "string" },
          title: { type: "string" },
          detail: { type: "string" },
          field: { type: "string" },
          source: { type: "object", properties: { pointer: { type: "string" } } },
          meta: { type: "object" },
        },
      },
    },
  },
};

const description = [
  "Bodies are accepted flat or wrapped in `{data:{type,attributes}}`.",
  "What GET answers may be sent back by PATCH and PUT: fields that studio writes are ignored, identifying ones must be as they are.",
  "null counts as absent where it is no value of the field.",
].join(" ");

/** The OpenAPI 3.1 document of all endpoints, made from the same objects that the router mounts. */
export function openApiDocument(endpoints: Endpoint[], version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  const { resources, shared } = createResourceSchemas();
  for (const one of endpoints) {
    const path = one.path.replace(/:([a-z_]+)(\{[^}]*\})?/gi, "{$1}").replace(/\*$/, "{path}");
    const status = String(one.status ?? 200);
    paths[path] ??= {};
    paths[path][one.method.toLowerCase()] = {
      summary: one.summary,
      operationId: `${one.method.toLowerCase()}${path.replace(/[^a-zA-Z0-9]+(.)?/g, (_, c: string | undefined) => (c ?? "").toUpperCase())}`,
      tags: [path.split("/")[3] ?? path.split("/")[1] ?? "system"],
      security: one.permission === "public" ? [] : [{ bearer: [] }, { session: [] }],
      "x-permission": one.permission,
      parameters: [...pathParameters(one, path), ...queryParameters(one), ...headersOf(one)],
      ...(one.body
        ? { requestBody: { required: !one.bodyOptional, content: { "application/json": { schema: jsonSchema(one.body, "input") } } } }
        : {}),
      ...(one.form
        ? { requestBody: { required: true, content: { "multipart/form-data": { schema: jsonSchema(one.form, "input") } } } }
        : {}),
      responses: {
        [status]:
          status === "204"
            ? { description: "Done" }
            : one.result
              ? { description: "Success", content: { "application/json": { schema: shared(jsonSchema(one.result, "output")) } } }
              : { description: "Success" },
        default: { description: "An error", content: { "application/json": { schema: { $ref: "#/components/schemas/Errors" } } } },
      },
    };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Portico", version, description },
    paths,
    components: {
      schemas: { Errors: errorSchema, ...resources },
      parameters: headerParameters,
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        session: { type: "apiKey", in: "cookie", name: "session", description: "Over HTTPS: `__Host-session`" },
      },
    },
  };
}

/** Gives each resource of the answers a schema of its own, once, by the name of its type. */
function createResourceSchemas() {
  const resources: Record<string, object> = {};
  const names = new Map<string, string>();

  function nameOf(type: string, schema: object): string {
    const text = JSON.stringify(schema);
    const known = names.get(text);
    if (known !== undefined) return known;
    const word = type.replace(/(?:^|[-_])([a-z])/g, (_, letter: string) => letter.toUpperCase());
    let name = word;
    for (let number = 2; name in resources || name === "Errors"; number++) name = `${word}${number}`;
    names.set(text, name);
    resources[name] = schema;
    return name;
  }

  function shared(schema: unknown): unknown {
    if (Array.isArray(schema)) return schema.map(shared);
    if (typeof schema !== "object" || schema === null) return schema;
    const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, shared(value)]));
    const { properties } = inner as { properties?: { type?: { const?: unknown }; attributes?: unknown } };
    const type = properties?.attributes && properties.type?.const;
    return typeof type === "string" ? { $ref: `#/components/schemas/${nameOf(type, inner)}` } : inner;
  }
  return { resources, shared };
}

function pathParameters(one: Endpoint, path: string): unknown[] {
  const { properties = {} } = (one.params ? jsonSchema(one.params, "input") : {}) as { properties?: Record<string, unknown> };
  return [...path.matchAll(/\{([a-z_]+)\}/gi)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: properties[name] ?? { type: "string" },
  }));
}

const header = (name: string, description: string) => ({ name, in: "header", required: false, description, schema: { type: "string" } });

/** Conditional and repeatable requests; see conditional.ts and ../idempotency. */
const headerParameters = {
  IfNoneMatch: header("If-None-Match", "ETag of your copy: the response is 304 while it is current."),
  IfMatch: header(
    "If-Match",
    "ETag of the version you read: the response is 412 if the object has changed since, and says who changed it and when.",
  ),
  IdempotencyKey: header(
    "Idempotency-Key",
    "A unique value that you choose, e.g. a UUID. For 24 hours, the same request with the same key is not executed again: it returns the first response, without one-time secrets (`meta.omitted`) and with `Idempotency-Replayed: true`.",
  ),
};

function headersOf({ method, object, path, permission, result, status }: Endpoint): { $ref: string }[] {
  const ref = (name: keyof typeof headerParameters) => ({ $ref: `#/components/parameters/${name}` });
  const isOfOne = object !== undefined && path.includes(":");
  if (method === "GET") return isOfOne ? [ref("IfNoneMatch")] : [];
  const isRepeatable = permission !== "public" && (result !== undefined || status === 204);
  return [...(isOfOne ? [ref("IfMatch")] : []), ...(isRepeatable ? [ref("IdempotencyKey")] : [])];
}

function queryParameters(one: Endpoint): unknown[] {
  if (!one.query) return [];
  const schema = jsonSchema(one.query, "input") as { properties?: Record<string, unknown>; required?: string[] };
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: "query",
    required: schema.required?.includes(name) ?? false,
    schema: property,
  }));
}

function jsonSchema(schema: z.ZodType, io: "input" | "output"): Record<string, unknown> {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema: out }) =>
      void (zodSchema._zod.def.type === "date" && Object.assign(out, { type: "string", format: "date-time" })),
  });
  return json;
}
