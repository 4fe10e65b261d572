/** Content of a request or response: text and bytes are sent as they are, anything else as JSON. */
export type Body = string | Uint8Array | { readonly [key: string]: unknown } | readonly unknown[];

/** Headers to set by name; `null` removes one where the host allows it. */
export type HeaderChanges = Record<string, string | null>;

/** Leave the request or response as it is. */
export type Pass = { kind: "pass" };
/** Answer the caller now; the request goes no further. */
export type Block = { kind: "block"; status: number; headers: Record<string, string>; body: Body | undefined; message: string };
/** Go on with changes. */
export type Modified = {
  kind: "modified";
  headers: HeaderChanges | undefined;
  body: Body | undefined;
  contextUpdates: Record<string, string>;
};
/** What `preAuth` and `postAuth` may answer. */
export type RequestResult = Pass | Block | Modified;
/** What `onResponse` hooks may answer. */
export type ResponseResult = Pass | Modified;

/** Nothing to change. */
export const pass = (): Pass => ({ kind: "pass" });

/**
 * Stops a request and answers the caller.
 * @param options.status HTTP status, default 403.
 * @param options.body content; an object is sent as JSON. Absent: `{"error": message}`.
 * @param options.message what the caller reads when no body is given, default "Blocked by a plugin".
 */
export const block = ({
  status = 403,
  body,
  headers = {},
  message = "Blocked by a plugin",
}: {
  status?: number;
  body?: Body;
  headers?: Record<string, string>;
  message?: string;
} = {}): Block => ({ kind: "block", status, body: body ?? { error: message }, headers, message });

/**
 * Goes on with a changed request or response. Headers are merged over the present ones and need not be repeated.
 * @param changes.contextUpdates what later plugins read in `ctx.metadata`; `upstream_override` replaces the base URL of
 *   the LLM for this request (`postAuth` only).
 */
export const modified = ({
  headers,
  body,
  contextUpdates = {},
}: {
  headers?: HeaderChanges;
  body?: Body;
  contextUpdates?: Record<string, string>;
}): Modified => ({ kind: "modified", headers, body, contextUpdates });

/** What an object hook may answer. */
export type ObjectHookResult = Allow | Reject | Modify;
/** Extras of an accepted operation. */
export type HookExtras = {
  /** Stored with the object under `plugin_<plugin id>_<key>`; before-hooks only. */
  metadata?: Record<string, string>;
  /** A line for the host's log. */
  message?: string;
};
/** The operation may go on. */
export type Allow = { kind: "allow"; extras: HookExtras };
/** The operation is refused; the person who asked reads the reason. */
export type Reject = { kind: "reject"; reason: string };
/** The operation goes on with this object. */
export type Modify = { kind: "modify"; object: Record<string, unknown>; extras: HookExtras };

/** Lets an operation go on, optionally noting metadata on the object. */
export const allow = (extras: HookExtras = {}): Allow => ({ kind: "allow", extras });
/** Refuses an operation; say what is wrong and what would be right. */
export const reject = (reason: string): Reject => ({ kind: "reject", reason });
/** Lets an operation go on with a changed object; the host judges it again as it would the caller's. */
export const modify = (object: Record<string, unknown>, extras: HookExtras = {}): Modify => ({ kind: "modify", object, extras });

/** What `auth` may answer. */
export type AuthResult =
  | { authenticated: true; appId: number; userId: string; claims: Record<string, string> }
  | { authenticated: false; message: string };
/** The credential is good and belongs to this app. */
export const authenticated = ({
  appId,
  userId = "",
  claims = {},
}: {
  appId: number;
  userId?: string;
  claims?: Record<string, string>;
}): AuthResult => ({
  authenticated: true,
  appId,
  userId,
  claims,
});
/** The credential is refused. */
export const unauthenticated = (message: string): AuthResult => ({ authenticated: false, message });
