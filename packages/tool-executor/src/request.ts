import { type EncodedBody, encodeBody } from "./body.ts";
import type { OperationDefinition, ParameterDefinition, ToolDefinition } from "./definition.ts";
import { badInput, CallFault } from "./faults.ts";
import { cookiePairs, headerText, pathText, queryPairs } from "./styles.ts";
import { readValue, textOf, toValue, type Value } from "./values.ts";

/** One call of an operation, as callers send it. */
export type ToolCall = {
  operationId: string;
  /** By name; lists hold several values of a list, and one of anything else. */
  parameters?: Record<string, unknown> | undefined;
  payload?: unknown;
  /** Besides those that the document describes. */
  headers?: Record<string, unknown> | undefined;
  /** Which of the body's types; the most usual one without it. */
  contentType?: string | undefined;
};

/** A request without authentication, not yet made. */
export type PlannedRequest = {
  method: string;
  url: URL;
  headers: Record<string, string>;
  cookies: string[];
  body: EncodedBody | undefined;
  /** The URL comes from the document, which may be anybody's, and not from the person who made the tool. */
  isFromDocument: boolean;
};

const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Set by the connection, or by whoever writes the body. Authentication is the tool's own. */
const reservedHeaders =
  /^(?:host|content-length|content-type|transfer-encoding|connection|keep-alive|proxy-.*|te|trailer|upgrade|expect|accept-encoding|cookie)$/i;

const mostValues = 200;

/** @throws CallFault for a call that cannot be made a request of. */
export function planRequest(definition: ToolDefinition, operation: OperationDefinition, baseUrl: string, call: ToolCall): PlannedRequest {
  const parameters = call.parameters ?? {};
  const known = new Set(operation.parameters.map(({ name }) => name));
  if (Object.keys(parameters).length > mostValues) throw badInput("parameters", `must be at most ${mostValues}`);
  for (const name of Object.keys(parameters))
    if (!known.has(name))
      throw badInput(
        `parameters.${name}`,
        `is not a parameter of ${operation.id}; it has ${known.size === 0 ? "none" : [...known].join(", ")}`,
      );

  let path = operation.path;
  const query: string[] = [];
  const headers: Record<string, string> = {};
  const cookies: string[] = [];
  for (const parameter of operation.parameters) {
    const value = parameterValue(parameter, Object.hasOwn(parameters, parameter.name) ? parameters[parameter.name] : undefined);
    if (value === undefined) continue;
    const { name } = parameter;
    if (parameter.in === "path") path = path.replaceAll(`{${name}}`, () => pathText(name, value, parameter));
    else if (parameter.in === "query") query.push(...queryPairs(name, value, parameter));
    else if (parameter.in === "cookie") cookies.push(...cookiePairs(name, value, parameter));
    else headers[name.toLowerCase()] = checkedHeader(name, headerText(value, parameter), `parameters.${name}`);
  }
  checkPath(path);

  for (const [name, sent] of Object.entries(call.headers ?? {})) {
    const field = `headers.${name}`;
    if (reservedHeaders.test(name)) throw badInput(field, "cannot be set by a call");
    const values = (Array.isArray(sent) ? sent : [sent]).filter((one) => one !== null && one !== undefined);
    if (values.length > 0) headers[name.toLowerCase()] = checkedHeader(name, values.map(textOf).join(", "), field);
  }

  const { url, isFromDocument } = urlOf(definition, operation, baseUrl, path, query);
  const body = encodeBody(operation.body, call.payload, call.contentType);
  return { method: operation.method, url, headers, cookies, body, isFromDocument };
}

function parameterValue(parameter: ParameterDefinition, sent: unknown): Value | undefined {
  const { name, required, contentType } = parameter;
  const read = readValue(parameter, sent);
  const field = `parameters.${name}`;
  if (read === undefined) {
    if (required) throw badInput(field, "is required");
    return undefined;
  }
  const value = contentType === undefined ? toValue(read) : /\bjson\b/.test(contentType) ? JSON.stringify(read) : textOf(read);
  // An empty part would make another path of it.
  if (parameter.in === "path" && (value === "" || (Array.isArray(value) && value.every((one) => one === ""))))
    throw badInput(field, "must not be empty");
  return value;
}

/** URLs fold `..` and its encodings: a value must not lead to another operation. */
function checkPath(path: string): void {
  const isDots = (segment: string) => /^(?:\.|%2e){1,2}$/i.test(segment);
  if (path.split("/").some(isDots)) throw badInput("parameters", 'must not make a part of the path "." or ".."');
}

function checkedHeader(name: string, value: string, field: string): string {
  if (!headerName.test(name)) throw badInput(field, "is not the name of a header");
  // Latin-1 is what HTTP carries; a line break would begin another header.
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) throw badInput(field, "has characters that a header cannot carry");
  return value;
}

function urlOf(definition: ToolDefinition, operation: OperationDefinition, baseUrl: string, path: string, query: string[]) {
  const isFromDocument = baseUrl === "";
  const base = baseUrl || operation.servers?.[0] || definition.servers[0] || "";
  const url = /^https?:\/\//i.test(base) && URL.canParse(base) ? new URL(base) : undefined;
  if (!url || url.username || url.password)
    throw new CallFault(
      "misconfigured",
      base === ""
        ? "The document names no server: set the tool's base_url."
        : `The document's server ${JSON.stringify(base)} is not an absolute http or https URL: set the tool's base_url.`,
    );
  // Values are encoded by now: what is left of these characters is the document's own.
  const [own = "", ...ofPath] = path.replaceAll("#", "%23").split("?");
  const search = [url.search.slice(1), ...ofPath, ...query].filter((part) => part !== "").join("&");
  return { isFromDocument, url: new URL(`${url.origin}${url.pathname.replace(/\/+$/, "")}${own}${search === "" ? "" : `?${search}`}`) };
}
