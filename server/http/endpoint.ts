import type { ObjectKind } from "@portico/protocol/kinds";
import type { z } from "zod";
import type { Actor } from "../auth/actor.ts";
import type { WholeResponse } from "./whole.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * Who may call. `public` needs nothing, `user` any signed-in person, anything else (`llms.read`, `plugins.write`) an
 * administrator; the words are what finer roles will be made of.
 */
export type Permission = "public" | "user" | `${string}.${"read" | "write"}`;

export type Call<Params, Query, Body> = {
  /** For a `public` endpoint called by nobody: an actor with userId 0 and no rights. */
  actor: Actor;
  params: Params;
  query: Query;
  body: Body;
  request: Request;
  /** The client uses HTTPS, directly or as a trusted proxy says. */
  isSecure: boolean;
  /** For answers that go on for long: whether the caller's credential and rights still hold now. */
  isStillAllowed(): Promise<boolean>;
  /** Aborted when the client goes away. */
  signal: AbortSignal;
};

/** JSON to serialize, with headers if any. */
export type JsonReply<Json> = { json: Json; status?: number; headers?: Record<string, string | string[]> };

/** What an endpoint answers: JSON, nothing, or a whole response (streams, assets), see whole.ts. */
export type Reply = JsonReply<unknown> | WholeResponse | undefined;

type Schema = z.ZodType;
type Infer<S> = S extends z.ZodType ? z.output<S> : undefined;

/** An endpoint that answers JSON declares its `result` and answers that; one without `result` cannot answer JSON. */
type ReplyOf<R> = R extends z.ZodType ? JsonReply<z.input<R>> : WholeResponse | undefined;

export type EndpointDefinition<
  P extends Schema | undefined,
  Q extends Schema | undefined,
  B extends Schema | undefined,
  R extends Schema | undefined,
> = {
  method: Method;
  /** Hono path, e.g. `/api/v1/llms/:id`. */
  path: string;
  summary: string;
  permission: Permission;
  params?: P;
  query?: Q;
  /** The query is not read here but passed on as it is. */
  passesQuery?: true;
  /** Parsed from JSON, wrapped (`{data:{attributes}}`) or flat. */
  body?: B;
  /** Fields of a multipart form that `handle` reads itself (multipart.ts); for the OpenAPI document. */
  form?: Schema;
  /** What `handle` answers: its type, the OpenAPI document, and what tests check real answers against. */
  result?: R;
  /**
   * What the path, or a creation's answer, is about: answers carry its `ETag`, writes obey `If-Match`. The object's id is the path's
   * first parameter.
   */
  object?: ObjectKind;
  /** 200 unless said otherwise; 204 answers without a body. */
  status?: number;
  /** Default 1 MiB. */
  maxBodyBytes?: number;
  /** A body may be missing altogether and then counts as `{}`. */
  bodyOptional?: boolean;
  /** A bearer token that is not one of ours is let in with an actor that is nobody: whatever the endpoint calls judges it. */
  foreignTokens?: true;
  /** Credentials are not looked at, so that it answers when the database does not. */
  anonymous?: true;
  /**
   * false: exempt from the CSRF check (bearer tokens only, or nothing to protect). "always": checked for GET too, because what it
   * answers or causes is not ours.
   */
  csrf?: false | "always";
  handle(call: Call<Infer<P>, Infer<Q>, Infer<B>>): Promise<ReplyOf<R>> | ReplyOf<R>;
};

/** An endpoint with its types erased, as the router holds it. */
type AnySchema = Schema | undefined;
export type Endpoint = Omit<EndpointDefinition<AnySchema, AnySchema, AnySchema, AnySchema>, "handle"> & {
  handle(call: Call<unknown, unknown, unknown>): Promise<Reply> | Reply;
};

/** One object feeds the router, the OpenAPI document and the generated guard tests. */
export function endpoint<
  P extends Schema | undefined = undefined,
  Q extends Schema | undefined = undefined,
  B extends Schema | undefined = undefined,
  R extends Schema | undefined = undefined,
>(definition: EndpointDefinition<P, Q, B, R>): Endpoint {
  return definition as unknown as Endpoint;
}
