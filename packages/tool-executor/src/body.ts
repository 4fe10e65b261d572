import { randomBytes } from "node:crypto";
import { isObject } from "@portico/core/json";
import type { BodyContent, BodyDefinition, JsonSchema } from "./definition.ts";
import { badInput } from "./faults.ts";
import { queryPairs } from "./styles.ts";
import { textOf, toValue } from "./values.ts";

export type EncodedBody = { contentType: string; bytes: Buffer };

const isJson = (type: string): boolean =>
  /^application\/(?:json|[^;]+\+json)\b/.test(type) || /^[^;]+\+json\b/.test(type) || type === "*/*";
const isForm = (type: string): boolean => type.startsWith("application/x-www-form-urlencoded");
const isMultipart = (type: string): boolean => type.startsWith("multipart/");
const isText = (type: string): boolean => /^text\/|xml\b/.test(type);

/** What a caller most likely means where the document offers several types. */
function preferred(contents: BodyContent[]): BodyContent | undefined {
  const order = [isJson, isForm, isMultipart, isText, () => true];
  for (const isIt of order) {
    const found = contents.find(({ type }) => isIt(type));
    if (found) return found;
  }
  return undefined;
}

const isEmpty = (payload: unknown): boolean =>
  payload === undefined || payload === null || payload === "" || (isObject(payload) && Object.keys(payload).length === 0);

/**
 * Writes the body of a request. An empty object counts as no body where none is required: the reference's clients always send one.
 * @throws CallFault for a body that is missing, that the operation does not have, or that cannot be written in its type.
 */
export function encodeBody(body: BodyDefinition | undefined, payload: unknown, contentType?: string): EncodedBody | undefined {
  if (!body) {
    if (isEmpty(payload)) return undefined;
    throw badInput("payload", "must be absent: this operation has no body");
  }
  if (isEmpty(payload) && (payload === undefined || payload === null || !body.required)) {
    if (!body.required) return undefined;
    throw badInput("payload", "is required");
  }
  const content =
    contentType === undefined ? preferred(body.contents) : body.contents.find(({ type }) => type === contentType.toLowerCase());
  if (!content) throw badInput("content_type", `must be one of ${body.contents.map(({ type }) => type).join(", ")}`);
  return write(content, payload);
}

function write(content: BodyContent, payload: unknown): EncodedBody {
  const { type } = content;
  if (isJson(type)) return { contentType: type === "*/*" ? "application/json" : type, bytes: Buffer.from(JSON.stringify(payload)) };
  if (isForm(type)) return { contentType: type, bytes: Buffer.from(formText(content, fieldsOf(payload, type))) };
  if (isMultipart(type)) return multipart(content, fieldsOf(payload, type));
  const file = fileOf(payload);
  if (file) return { contentType: type, bytes: file.bytes };
  if (typeof payload === "string") return { contentType: type, bytes: Buffer.from(payload) };
  if (isText(type)) throw badInput("payload", `must be text: the body is ${type}`);
  throw badInput("payload", `must be text, or {"content_base64": "..."} for bytes: the body is ${type}`);
}

function fieldsOf(payload: unknown, type: string): [string, unknown][] {
  if (!isObject(payload)) throw badInput("payload", `must be an object: the body is ${type}`);
  return Object.entries(payload).filter(([, value]) => value !== undefined && value !== null);
}

function formText({ encoding = {} }: BodyContent, fields: [string, unknown][]): string {
  const pairs = fields.flatMap(([name, value]) => {
    const { style, explode, allowReserved } = encoding[name] ?? {};
    const hasStyle = style !== undefined || explode !== undefined;
    // Without a style, what has parts is written as JSON and a list once for each of its items.
    if (!hasStyle && isObject(value)) return queryPairs(name, textOf(value), { style: "form", explode: true });
    const used = style ?? "form";
    return queryPairs(name, toValue(value), { style: used, explode: explode ?? used === "form", allowReserved });
  });
  return pairs.join("&").replaceAll("%20", "+");
}

type Part = { name: string; fileName?: string | undefined; contentType?: string | undefined; bytes: Buffer };

function multipart({ type, encoding = {}, schema }: BodyContent, fields: [string, unknown][]): EncodedBody {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const parts = fields.flatMap(([name, value]): Part[] => {
    const property = isObject(properties[name]) ? (properties[name] as JsonSchema) : {};
    const items = Array.isArray(value) ? value : [value];
    const own = isObject(property.items) ? (property.items as JsonSchema) : property;
    return items.map((item) => partOf(name, item, own, encoding[name]?.contentType));
  });
  const boundary = `portico-${randomBytes(18).toString("hex")}`;
  const bytes = Buffer.concat([
    ...parts.flatMap(({ name, fileName, contentType, bytes: content }) => [
      Buffer.from(
        `--${boundary}\r\ncontent-disposition: form-data; name="${quoted(name)}"${fileName === undefined ? "" : `; filename="${quoted(fileName)}"`}\r\n` +
          `${contentType === undefined ? "" : `content-type: ${headerSafe(contentType)}\r\n`}\r\n`,
      ),
      content,
      Buffer.from("\r\n"),
    ]),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
  return { contentType: `${type}; boundary=${boundary}`, bytes };
}

function partOf(name: string, value: unknown, schema: JsonSchema, contentType: string | undefined): Part {
  // Several types are a rule for whoever writes the part, not the type of one.
  const declared = contentType === undefined || /[,*]/.test(contentType) ? undefined : contentType;
  const file = fileOf(value);
  if (file)
    return { name, fileName: file.name ?? name, contentType: file.type ?? declared ?? "application/octet-stream", bytes: file.bytes };
  const isBinary =
    schema.format === "binary" || schema.contentEncoding !== undefined || schema.contentMediaType === "application/octet-stream";
  if (isBinary) return { name, fileName: name, contentType: declared ?? "application/octet-stream", bytes: Buffer.from(textOf(value)) };
  if (isObject(value) || Array.isArray(value))
    return { name, contentType: declared ?? "application/json", bytes: Buffer.from(JSON.stringify(value)) };
  return { name, contentType: declared, bytes: Buffer.from(textOf(value)) };
}

/** A file as JSON carries it: `{"file_name", "content_type", "content_base64"}`. */
function fileOf(value: unknown): { name?: string; type?: string; bytes: Buffer } | undefined {
  if (!isObject(value) || typeof value.content_base64 !== "string") return undefined;
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(value.content_base64)) throw badInput("payload", "has a content_base64 that is not base64");
  return {
    ...(typeof value.file_name === "string" ? { name: value.file_name } : {}),
    ...(typeof value.content_type === "string" ? { type: value.content_type } : {}),
    bytes: Buffer.from(value.content_base64, "base64"),
  };
}

/** As browsers write names of parts. */
const quoted = (text: string): string => text.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22");
const headerSafe = (text: string): string => text.replace(/[^\x20-\x7e]/g, "");
