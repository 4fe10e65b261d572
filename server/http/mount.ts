import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { AppError } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { Hono } from "hono";
import type { Actor } from "../auth/actor.ts";
import type { Authenticator } from "../auth/authenticator.ts";
import type { Csrf } from "../auth/csrf.ts";
import { faultOfText } from "../db/storable.ts";
import { PreconditionFailed, type Versions } from "../db/versions.ts";
import { parseInput } from "../fields/input-error.ts";
import type { Idempotency } from "../idempotency/service.ts";
import { readJsonBody, type SentBody } from "./body.ts";
import { createConditions, expectationOf, idParameterOf, isKnown } from "./conditional.ts";
import type { Call, Endpoint, Reply } from "./endpoint.ts";
import { errorResponse } from "./errors.ts";
import type { ProxyTrust } from "./proxies.ts";
import { createQueryReader } from "./query.ts";
import { noDocument, requireSealed } from "./whole.ts";

const defaultMaxBodyBytes = 1024 * 1024;

/** Paths that belong to the API: an unrouted one is a JSON 404 and never reaches the pages. */
export const isApiPath = (path: string): boolean =>
  /^\/(api|analytics|auth|common|health|healthz|ready|readyz|csrf-token|plugin-assets|plugin-frame)(\/|$)/.test(path);

export type Application = { fetch(request: Request, peer?: { ip: string }): Response | Promise<Response> };

/** Every request passes here: authenticate, authorise, parse, call the service, serialise. */
export function mountEndpoints({
  endpoints,
  authenticator,
  csrf,
  proxies,
  versions,
  idempotency,
  logger,
  rejectionOf,
  verifyResults = false,
}: {
  endpoints: Endpoint[];
  authenticator: Authenticator;
  csrf: Csrf;
  proxies: ProxyTrust;
  versions: Versions;
  idempotency: Idempotency;
  logger: Logger;
  /** What a thrown error that is not the product's own means to the caller; undefined when nobody knows. */
  rejectionOf?: (error: unknown) => AppError | undefined;
  verifyResults?: boolean;
}): Application {
  const app = new Hono<{ Bindings: { ip: string } }>({ strict: false });
  const paths = new Map<string, Set<string>>();
  const conditions = createConditions({ versions, endpoints });

  const refuseMethod = (request: Request, path: string): Response => {
    const requestId = `req_${randomBytes(12).toString("hex")}`;
    const exact = paths.get(path.replace(/\/$/, ""));
    const allowed = exact ? [...exact] : [...paths].filter(([pattern]) => matches(pattern, path)).flatMap(([, methods]) => [...methods]);
    const error =
      allowed.length > 0
        ? new AppError({
            code: "method_not_allowed",
            message: `${request.method} is not allowed here; allowed methods: ${allowed.join(", ")}.`,
          })
        : new AppError({ code: "route_not_found", message: `There is no route ${request.method} ${path}.` });
    return errorResponse(error, logger, { "x-request-id": requestId, ...(allowed.length > 0 ? { allow: allowed.join(", ") } : {}) });
  };

  // A fixed word (/apps/search) is no id of /apps/:id, whatever the method.
  for (const { path } of endpoints.filter((one) => !one.path.includes(":")))
    for (const other of endpoints.filter((one) => one.path.includes(":") && matches(one.path, path)))
      if (!endpoints.some((one) => one.path === path && one.method === other.method))
        app.on(other.method, path, (c) => refuseMethod(c.req.raw, c.req.path));

  for (const one of endpoints) {
    if (paths.get(one.path)?.has(one.method)) throw new Error(`two endpoints for ${one.method} ${one.path}`);
    paths.set(one.path, (paths.get(one.path) ?? new Set()).add(one.method));
    const readQuery = createQueryReader(one);
    app.on(one.method, one.path, async (c) => {
      const requestId = `req_${randomBytes(12).toString("hex")}`;
      const log = logger.with({ request_id: requestId, method: one.method, path: c.req.path });
      try {
        const { foreignTokens } = one;
        const { ip, isSecure } = proxies.ofRequest(c.req.raw, c.env?.ip ?? "");
        const identify = async () =>
          one.anonymous ? undefined : authenticator.authenticate(c.req.raw, { requestId, ip, isSecure, foreignTokens });
        const actor = await identify();
        const isForeign = foreignTokens === true && !actor && c.req.raw.headers.has("authorization");
        if (!isForeign) authorise(one, actor);
        if (!isForeign && one.csrf !== false) csrf.check(c.req.raw, actor, isSecure, { safeMethodsToo: one.csrf === "always" });
        const params = parse(one.params, withoutNul(c.req.param()), "path");
        const id = one.object && idOf(one, params);
        const expects =
          one.object && id !== undefined && one.method !== "GET" ? expectationOf(c.req.raw.headers, one.object, id) : undefined;
        const sent: SentBody = one.body
          ? await readJsonBody(c.req.raw, { maxBytes: one.maxBodyBytes ?? defaultMaxBodyBytes, optional: one.bodyOptional ?? false })
          : { fields: undefined };
        const key = actor && isRepeatable(one) ? idempotencyKeyOf(c.req.raw.headers) : undefined;
        const call: Call<unknown, unknown, unknown> = {
          actor: {
            ...(actor ?? nobody(requestId, ip)),
            ...(expects ? { expects } : {}),
            ...(key === undefined ? {} : { idempotencyKey: key }),
          },
          isSecure,
          async isStillAllowed() {
            try {
              authorise(one, await identify());
              return true;
            } catch (error) {
              if (error instanceof AppError && error.status < 500) return false;
              throw error;
            }
          },
          params,
          query: readQuery(c.req.queries()),
          body: parse(one.body, sent.fields, "body"),
          request: c.req.raw,
          signal: c.req.raw.signal,
        };
        const failed = (error: unknown) => errorResponse(rejectionOf?.(error) ?? error, log, { "x-request-id": requestId });
        const carryOut = async (): Promise<Response> => {
          try {
            const seen = await conditions.before(one, call, id);
            await conditions.requireFixed(one, call, sent, id);
            const reply = await one.handle(call);
            if (verifyResults) verify(one, reply);
            const etag = await conditions.after(one, call, reply, seen);
            if (etag && one.method === "GET" && isKnown(c.req.raw.headers, etag)) return notModified(etag, requestId);
            return respond(one, reply, requestId, etag);
          } catch (error) {
            if (!(error instanceof PreconditionFailed) || id === undefined) throw error;
            const stale = await conditions.stale(one, call, id);
            return errorResponse(stale, log, { "x-request-id": requestId, etag: String(stale.meta.etag) });
          }
        };
        if (key === undefined) return await carryOut();
        const query = new URL(c.req.url).search;
        const request = { userId: call.actor.userId, key, requestId, method: one.method, path: c.req.path, query, body: sent.fields };
        return await idempotency.run(request, () => carryOut().catch(failed));
      } catch (error) {
        return errorResponse(rejectionOf?.(error) ?? error, log, { "x-request-id": requestId });
      }
    });
  }

  app.notFound((c) => refuseMethod(c.req.raw, c.req.path));
  app.onError((error) => errorResponse(error, logger));

  return { fetch: (request, peer) => app.fetch(request, peer ?? { ip: "" }) };
}

const nobody = (requestId: string, ip: string): Actor => ({
  userId: 0,
  name: "nobody",
  email: "",
  isAdmin: false,
  via: "session",
  requestId,
  ip,
});

function authorise(one: Endpoint, actor: Actor | undefined): void {
  if (one.permission === "public") return;
  if (!actor) throw new AppError({ code: "unauthenticated", message: "Sign in, or send `Authorization: Bearer <API token>`." });
  if (one.permission !== "user" && !actor.isAdmin)
    throw new AppError({ code: "forbidden", message: `This needs the permission ${one.permission}, which your account does not have.` });
}

/** Writes whose answers are JSON of ours or nothing. What vendors and plugins answer is not stored. */
const isRepeatable = (one: Endpoint): boolean =>
  one.method !== "GET" && one.permission !== "public" && (one.result !== undefined || one.status === 204);

function idempotencyKeyOf(headers: Headers): string | undefined {
  const key = headers.get("idempotency-key");
  if (key === null || /^[\x21-\x7e]{1,255}$/.test(key)) return key ?? undefined;
  throw new AppError({
    code: "bad_request",
    message: "Idempotency-Key must be 1 to 255 visible ASCII characters without spaces, e.g. a UUID.",
  });
}

/** The database takes no NUL. */
function withoutNul(values: Record<string, string>): Record<string, string> {
  const issues = Object.entries(values).flatMap(([field, value]) => {
    const message = faultOfText(value);
    return message ? [{ field, message, code: "bad_request" as const }] : [];
  });
  if (issues.length > 0) throw new AppError({ code: "bad_request", message: "The path is not valid.", issues });
  return values;
}

const parse = (schema: Endpoint["body"], value: unknown, where: "body" | "path"): unknown =>
  schema ? parseInput(schema, value, where) : undefined;

function idOf({ path }: Endpoint, params: unknown): string | undefined {
  const name = idParameterOf(path);
  return name === undefined ? undefined : String((params as Record<string, unknown>)[name]);
}

const notModified = (etag: string, requestId: string): Response =>
  new Response(null, { status: 304, headers: { etag, "x-request-id": requestId, "cache-control": "no-store" } });

function respond(one: Endpoint, reply: Reply, requestId: string, etag?: string): Response {
  if (reply instanceof Response) {
    requireSealed(reply);
    reply.headers.set("x-request-id", requestId);
    return reply;
  }
  const status = reply?.status ?? one.status ?? 200;
  const headers = new Headers({ "x-request-id": requestId, "cache-control": "no-store", "content-security-policy": noDocument });
  if (etag) headers.set("etag", etag);
  for (const [name, value] of Object.entries(reply?.headers ?? {}))
    for (const each of Array.isArray(value) ? value : [value]) headers.append(name, each);
  return reply === undefined || status === 204
    ? new Response(null, { status: reply === undefined && !one.status ? 204 : status, headers })
    : Response.json(reply.json, { status, headers });
}

/** Tests turn this on: an answer that is not what the OpenAPI document promises, or that has more in it, is a failure. */
function verify(one: Endpoint, reply: Reply): void {
  if (!reply || reply instanceof Response) return;
  if (!one.result) throw new Error(`${one.method} ${one.path} answers JSON and declares no result`);
  const sent: unknown = JSON.parse(JSON.stringify(reply.json));
  const result = one.result.safeParse(sent);
  if (!result.success) throw new Error(`${one.method} ${one.path} broke its own result schema: ${result.error.message}`);
  // Parsing drops what the schema does not declare.
  if (!isDeepStrictEqual(result.data, sent))
    throw new Error(
      `${one.method} ${one.path} answers fields that its result schema does not declare: ${JSON.stringify(sent).slice(0, 2000)}`,
    );
}

const patterns = new Map<string, RegExp>();
function matches(path: string, actual: string): boolean {
  let pattern = patterns.get(path);
  if (!pattern) {
    pattern = new RegExp(
      `^${path
        .replace(/[.+]/g, "\\$&")
        .replace(/:[a-z_]+(\{[^}]*\})?/gi, "[^/]+")
        .replace(/\*/g, ".*")}/?$`,
    );
    patterns.set(path, pattern);
  }
  return pattern.test(actual);
}
