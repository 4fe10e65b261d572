import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { AppError } from "@portico/core";
import { type ObjectKind, objectKinds } from "@portico/protocol/kinds";
import type { Expectation } from "../auth/actor.ts";
import { type ObjectVersion, PreconditionFailed, type Versions } from "../db/versions.ts";
import { fixedFieldsOf } from "../fields/contract/resource.ts";
import type { SentBody } from "./body.ts";
import type { Call, Endpoint, Reply } from "./endpoint.ts";

/**
 * A strong entity tag: the object's version, and a digest of what is shown. Writes are compared by the version alone, because figures
 * that move by themselves (spend, states) are nobody's change; `If-None-Match` is compared by both.
 */
export const tagOf = ({ number }: ObjectVersion, data: unknown): string =>
  `"${number}-${createHash("sha256").update(JSON.stringify(data)).digest("base64url").slice(0, 16)}"`;

const tagForm = /(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/g;
const listForm = /^\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*\s*$/;

/** The tags of a header, without quotes. Proxies that compress make tags weak; what they stand for stays the same. */
function tagsIn(name: string, value: string): string[] | "*" {
  if (value.trim() === "*") return "*";
  if (!listForm.test(value))
    throw new AppError({
      code: "bad_request",
      message: `${name} must be * or a comma-separated list of entity tags in double quotes, as in the ETag header.`,
    });
  return [...value.matchAll(tagForm)].map(([, tag = ""]) => tag);
}

/** What the headers `If-Match` and `If-Unmodified-Since` ask of the object; undefined when they ask nothing. */
export function expectationOf(headers: Headers, kind: ObjectKind, id: string): Expectation | undefined {
  const match = headers.get("if-match");
  if (match !== null) {
    const tags = tagsIn("If-Match", match);
    // The object exists wherever this is asked: one that does not is 404.
    if (tags === "*") return undefined;
    const versions = new Set(tags.flatMap((tag) => /^(\d+)-[\w-]{16}$/.exec(tag)?.[1] ?? []));
    return { kind, id, isMetBy: ({ number }) => versions.has(String(number)) };
  }
  const since = Date.parse(headers.get("if-unmodified-since") ?? "");
  // Not a date: to be ignored, says RFC 9110. Such dates are in whole seconds.
  if (Number.isNaN(since)) return undefined;
  return { kind, id, isMetBy: ({ changedAt }) => changedAt === null || changedAt.getTime() < since + 1000 };
}

/** `If-None-Match`: the caller has what it would be sent. */
export function isKnown(headers: Headers, tag: string): boolean {
  const header = headers.get("if-none-match");
  if (header === null) return false;
  const tags = tagsIn("If-None-Match", header);
  return tags === "*" || tags.includes(tag.slice(1, -1));
}

/** Says who changed the object and when, with the tag that a repeated request needs. */
export function staleWrite(kind: ObjectKind, { changedBy, changedAt }: ObjectVersion, etag: string): AppError {
  const change = changedBy && changedAt ? ` It was last changed by ${changedBy.name} at ${changedAt.toISOString()}.` : "";
  return new AppError({
    code: "precondition_failed",
    message: `This ${objectKinds[kind].noun} has changed since you last read it.${change} Get it again, then send your change with If-Match: ${etag}.`,
    meta: { etag, changed_by: changedBy, changed_at: changedAt?.toISOString() ?? null },
  });
}

/** The endpoint that answers the object as it is: at the same path, above it, or, for a creation, below it. */
export function readerOf(one: Endpoint, endpoints: Endpoint[]): Endpoint | undefined {
  const above = /^[^:]*:[a-z_]+(\{[^}]*\})?/i.exec(one.path)?.[0];
  const readers = endpoints.filter(({ method, object }) => method === "GET" && object === one.object);
  return (
    readers.find(({ path }) => path === one.path) ??
    readers.find(({ path }) => path === above) ??
    readers.find(({ path }) => path.startsWith(`${one.path}/:`) && !path.slice(one.path.length + 2).includes("/"))
  );
}

/** Name of the path's first parameter, which is the object's id. */
export const idParameterOf = (path: string): string | undefined => /:([a-z_]+)/i.exec(path)?.[1];

type Data = { id?: unknown; attributes?: Record<string, unknown> };

/** What an answer shows, in its envelope or bare. */
function dataOf(reply: Reply): Data | undefined {
  if (!reply || reply instanceof Response || typeof reply.json !== "object" || reply.json === null) return undefined;
  if ("data" in reply.json) return reply.json.data as Data;
  return "attributes" in reply.json ? (reply.json as Data) : undefined;
}

/** Where the request's object is in its history, before, during and after the request. */
export function createConditions({ versions, endpoints }: { versions: Versions; endpoints: Endpoint[] }) {
  async function read(one: Endpoint, call: AnyCall, id: string): Promise<Data | undefined> {
    const reader = readerOf(one, endpoints);
    const parameter = reader && idParameterOf(reader.path);
    if (!reader || !parameter) return undefined;
    const params = reader.path === one.path ? call.params : reader.params?.parse({ [parameter]: id });
    return dataOf(await reader.handle({ ...call, params }));
  }

  return {
    /** @throws AppError validation_failed for a change that names another id or value of a fixed field than the object has. */
    async requireFixed(one: Endpoint, call: AnyCall, sent: SentBody, objectId: string | undefined): Promise<void> {
      const fixed = one.body && fixedFieldsOf(one.body);
      if (!fixed || objectId === undefined) return;
      const fields = sent.fields as Record<string, unknown>;
      const ids = [sent.id, fields.id].filter((id) => id !== undefined && id !== null);
      const named = fixed.filter((name) => fields[name] !== undefined && fields[name] !== null);
      const current: Record<string, unknown> = named.length > 0 ? ((await read(one, call, objectId))?.attributes ?? {}) : {};
      const issues = [
        ...(ids.some((id) => String(id) !== objectId) ? [{ field: "id", message: `is read-only; it is ${objectId}` }] : []),
        ...named
          .filter((name) => !isDeepStrictEqual(fields[name], current[name]))
          .map((name) => ({ field: name, message: `is read-only; it is ${JSON.stringify(current[name])}` })),
      ];
      if (issues.length > 0) throw new AppError({ code: "validation_failed", message: "The body is not valid.", issues });
    },

    /** @throws AppError precondition_failed when the object has changed already: before hooks and other work. */
    async before(one: Endpoint, call: AnyCall, id: string | undefined): Promise<ObjectVersion | undefined> {
      if (!one.object || id === undefined) return undefined;
      const version = await versions.latest(one.object, id);
      if (call.actor.expects && !call.actor.expects.isMetBy(version)) throw new PreconditionFailed();
      return version;
    },

    /** The tag of the object that the answer is about; undefined for answers about none. */
    async after(one: Endpoint, call: AnyCall, reply: Reply, seen: ObjectVersion | undefined): Promise<string | undefined> {
      const data = dataOf(reply);
      if (!one.object || !data) return undefined;
      if (one.method === "GET") return seen && tagOf(seen, data);
      const parameter = idParameterOf(one.path);
      const created = one.object === "edge" ? data.attributes?.edge_id : data.id;
      const id = String(parameter ? (call.params as Record<string, unknown>)[parameter] : created);
      const version = (await versions.writtenBy(call.actor.requestId, one.object, id)) ?? seen;
      // A creation shows secrets that are not shown again.
      const shown = one.method === "POST" ? await read(one, call, id) : data;
      return version && shown && tagOf(version, shown);
    },

    /** What to answer to a write over a state that the caller has not seen. */
    async stale(one: Endpoint, call: AnyCall, id: string): Promise<AppError> {
      if (!one.object) throw new Error(`${one.method} ${one.path} is about no object`);
      const version = await versions.latest(one.object, id);
      const shown = await read(one, call, id);
      return staleWrite(one.object, version, tagOf(version, shown));
    },
  };
}
type AnyCall = Call<unknown, unknown, unknown>;
