import fc, { type Arbitrary } from "fast-check";
import { badFor, type Hints, hostile, hostileString, literals, type Schema, valid } from "./schema.ts";

export type Operation = {
  method: string;
  path: string;
  parameters: { name: string; in: string; required: boolean; schema: Schema }[];
  body: Schema | undefined;
};

/** A request as it goes over the wire, and as it is printed when it breaks something. */
export type WireRequest = { method: string; path: string; headers: Record<string, string>; body: string | undefined };

export function operationsOf(document: unknown): Operation[] {
  type Part = { content?: Record<string, { schema?: Schema }> };
  type Parameter = Operation["parameters"][number];
  type Item = Record<string, { parameters: (Parameter | { $ref: string })[]; requestBody?: Part }>;
  const { paths, components } = document as { paths: Record<string, Item>; components: { parameters: Record<string, Parameter> } };
  const resolve = (parameter: Parameter | { $ref: string }): Parameter => {
    if (!("$ref" in parameter)) return parameter;
    const shared = components.parameters[parameter.$ref.replace("#/components/parameters/", "")];
    if (!shared) throw new Error(`the document has no ${parameter.$ref}`);
    return shared;
  };
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { parameters, requestBody }]) => ({
      method: method.toUpperCase(),
      path,
      parameters: parameters.map(resolve),
      body: requestBody?.content?.["application/json"]?.schema,
    })),
  );
}

const contentTypes = [
  "application/json",
  "application/json; charset=utf-16",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "text/plain",
  "application/xml",
  "not a type",
];

/** Percent-encoded bytes, also of what is no UTF-8. */
const hostileEncodings = ["%00", "%ff", "%ED%A0%80", "%E0%A4%A", "%", "%2e%2e%2f", "%2F", "%25", "%0d%0a", "..;", "a".repeat(3000)];
const encoded = (text: string): string => encodeURIComponent(text.toWellFormed());

/** Requests to an operation: half of them as its schemas have them, the rest broken in one place or all over. */
export function requestsTo({ method, path, parameters, body }: Operation, hints: Hints): Arbitrary<WireRequest> {
  return fc
    .record({ at: pathOf(path, parameters, hints), query: queryOf(parameters, hints), body: bodyOf(body, hints), headers: headers })
    .map((parts) => ({
      method,
      path: parts.at + parts.query,
      headers: parts.headers,
      body: method === "GET" ? undefined : parts.body,
    }));
}

/**
 * Requests in which one field or parameter at a time has each of the values that break such fields, and requests in which all of them
 * have; the rest is as the schemas want it.
 */
export function coverageOf({ method, path, parameters, body }: Operation, hints: Hints, turn: number): WireRequest[] {
  // Each operation has other values of the long lists, so that many of them see all.
  const some = (all: unknown[], count: number) =>
    all.length <= count ? all : all.map((_, i) => all[(turn * count + i) % all.length]).slice(0, count);
  const bad = (schema: Schema) =>
    schema.format?.startsWith("date") || schema.anyOf?.some(({ format }) => format) ? badFor(schema) : some(badFor(schema), 6);
  const one = (arbitrary: Arbitrary<unknown>): unknown => fc.sample(arbitrary, { numRuns: 1, seed: 1 })[0];
  const goodParameter = ({ name, schema }: Operation["parameters"][number]): unknown => one(hints[name] ?? valid(schema, {}, name));
  const goodBody = (): object => one(valid({ ...body, properties: pick(body?.properties, body?.required) }, hints)) as object;

  const build = (changed: Record<string, unknown>, sent?: unknown): WireRequest => {
    const textOf = (parameter: Operation["parameters"][number]) =>
      encoded(asText(parameter.name in changed ? changed[parameter.name] : goodParameter(parameter))).slice(0, 4000);
    const at = parameters.filter((p) => p.in === "path").reduce((all, p) => all.replace(`{${p.name}}`, () => textOf(p) || "%20"), path);
    const query = parameters.filter((p) => p.in === "query" && (p.required || p.name in changed)).map((p) => `${p.name}=${textOf(p)}`);
    const content = sent ?? (body ? goodBody() : undefined);
    return {
      method,
      path: query.length > 0 ? `${at}?${query.join("&")}` : at,
      headers: Object.fromEntries(
        parameters.filter((p) => p.in === "header" && p.name in changed).map((p) => [p.name, textOf(p).slice(0, 1000)]),
      ),
      body: method === "GET" || content === undefined ? undefined : toJson(content),
    };
  };

  const fields = Object.entries(body?.properties ?? {});
  const byParameter = parameters.flatMap((p) =>
    [...new Set(bad(p.schema).map(asText))].slice(0, p.schema.format ? undefined : 3).map((value) => build({ [p.name]: value })),
  );
  const byField = fields.flatMap(([name, schema]) => bad(schema).map((value) => build({}, { ...goodBody(), [name]: value })));
  const together = Array.from({ length: 6 }, (_, i) =>
    build(
      Object.fromEntries(parameters.filter((p) => p.in === "query").map((p) => [p.name, some(badFor(p.schema), 6)[i]])),
      body && Object.fromEntries(fields.map(([name, schema]) => [name, some(badFor(schema), 6)[i]])),
    ),
  );
  return [build({}), ...byParameter, ...byField, ...(fields.length > 0 || byParameter.length > 0 ? together : [])];
}

const asText = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
const pick = <T>(all: Record<string, T> = {}, names: string[] = []): Record<string, T> =>
  Object.fromEntries(names.flatMap((name) => (all[name] ? [[name, all[name]]] : [])));

const headers: Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Record<string, string>>({}) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...contentTypes).map((type): Record<string, string> => ({ "content-type": type })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Record<string, string>>(
      { cookie: "session=%00; portico_csrf=%E2%82%AC" },
      { "content-encoding": "gzip" },
      { "if-match": '"nonsense"' },
      { range: "bytes=5-1" },
      { accept: "application/xml" },
      { "x-forwarded-for": "not an address", "x-forwarded-proto": "gopher" },
      { "last-event-id": "NaN" },
    ),
  },
);

function pathOf(path: string, parameters: Operation["parameters"], hints: Hints): Arbitrary<string> {
  const inPath = parameters.filter((parameter) => parameter.in === "path");
  if (inPath.length === 0) return fc.constant(path);
  const values = inPath.map(({ name, schema }) =>
    fc.oneof(
      { weight: 8, arbitrary: valid(schema, hints, name).map((value) => encoded(String(value)) || "1") },
      { weight: 1, arbitrary: hostileString.map((text) => encoded(text).slice(0, 4000) || "%20") },
      { weight: 1, arbitrary: fc.constantFrom(...hostileEncodings) },
    ),
  );
  return fc.tuple(...values).map((chosen) => inPath.reduce((at, { name }, i) => at.replace(`{${name}}`, () => chosen[i] ?? "1"), path));
}

function queryOf(parameters: Operation["parameters"], hints: Hints): Arbitrary<string> {
  const inQuery = parameters.filter((parameter) => parameter.in === "query");
  const pairs = inQuery.map(({ name, schema, required }) => {
    const good = valid(schema, hints, name).map((value) => [name, encoded(String(value))] as const);
    const bad = fc
      .oneof(
        hostileString.map((text) => encoded(text).slice(0, 4000)),
        fc.constantFrom(...hostileEncodings),
      )
      .map((value) => [name, value] as const);
    return { given: fc.oneof({ weight: 5, arbitrary: good }, { weight: 1, arbitrary: bad }), required };
  });
  const unknown = fc.constantFrom(["no_such", "1"] as const, ["page[]", "1"] as const, ["", ""] as const, ["__proto__", "x"] as const);
  const chosen = fc.tuple(
    ...pairs.map(({ given, required }) => (required ? fc.option(given, { freq: 12 }) : fc.option(given, { freq: 1 }))),
    fc.option(unknown, { freq: 1 }),
  );
  return fc.tuple(chosen, fc.boolean()).map(([list, doubled]) => {
    const present = list.filter((pair) => pair !== null);
    const all = doubled ? [...present, ...present.slice(0, 1)] : present;
    return all.length === 0 ? "" : `?${all.map(([name, value]) => `${encoded(name)}=${value}`).join("&")}`;
  });
}

const rawBodies = [
  "",
  " ",
  "{",
  "null",
  "[]",
  "1",
  '"text"',
  "{}{}",
  "\ufeff{}",
  '{"data":null}',
  '{"data":{"attributes":null}}',
  '{"data":{"type":"x","attributes":{}}}',
  '{"name":"a","name":1}',
  '{"__proto__":{"is_admin":true},"constructor":1}',
  `{"name":"a","metadata":${'{"a":'.repeat(5000)}1${"}".repeat(5000)}}`,
  `[${"[".repeat(20_000)}`,
  `{"name":"${"a".repeat(1_100_000)}"}`,
  '{"name":"\\ud800"}',
  '{"name":1e400}',
  "a=b&c=d",
];

function bodyOf(schema: Schema | undefined, hints: Hints): Arbitrary<string | undefined> {
  const raw = fc.constantFrom(...rawBodies);
  if (!schema)
    return fc.oneof(
      { weight: 5, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: raw },
      { weight: 1, arbitrary: hostile.map(toJson) },
    );
  const good = valid(schema, hints);
  const names = Object.keys(schema.properties ?? {});
  const broken = fc
    .tuple(good, names.length > 0 ? fc.constantFrom(...names) : fc.string(), hostile)
    .map(([value, name, bad]) => ({ ...(value as object), [name]: bad }));
  const odd = fc
    .tuple(good, fc.boolean())
    .map(([value, wrap]) => (wrap ? { data: { type: "x", attributes: value } } : { ...(value as object), no_such_field: 1 }));
  return fc.oneof(
    { weight: 10, arbitrary: good.map(toJson) },
    { weight: 9, arbitrary: broken.map(toJson) },
    { weight: 2, arbitrary: odd.map(toJson) },
    { weight: 2, arbitrary: raw },
    { weight: 1, arbitrary: hostile.map(toJson) },
  );
}

function toJson(value: unknown): string {
  let json = JSON.stringify(value) ?? "";
  for (const [mark, literal] of Object.entries(literals)) json = json.replaceAll(`"${mark}"`, literal);
  return json;
}
