import { noteAnswer, noteSilence } from "./reachability.ts";

/** One fault the server found: where, and what would be right. `field` is a dotted path, "" for the body as a whole. */
export type ApiIssue = { field: string; detail: string };

/** What the server answered instead of success. `message` is fit to be shown; `code` is stable. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly issues: ApiIssue[];
  readonly meta: Record<string, unknown>;
  readonly requestId: string;

  constructor(problem: {
    status: number;
    code: string;
    message: string;
    issues: ApiIssue[];
    meta: Record<string, unknown>;
    requestId: string;
  }) {
    super(problem.message);
    this.name = "ApiError";
    this.status = problem.status;
    this.code = problem.code;
    this.issues = problem.issues;
    this.meta = problem.meta;
    this.requestId = problem.requestId;
  }
}

type WireError = {
  code?: string;
  title?: string;
  detail?: string;
  source?: { pointer?: string; parameter?: string };
  meta?: Record<string, unknown>;
};

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

const fieldOf = (error: WireError): string => {
  const raw = error.source?.pointer ?? error.meta?.field;
  if (typeof raw !== "string") return "";
  return raw.replace(/^\/?(data\/)?(attributes\/)?/, "").replaceAll("/", ".");
};

const withoutField = (field: string, detail: string): string =>
  field && detail.startsWith(`${field}: `) ? detail.slice(field.length + 2) : detail;

// The server names the field in the sentence too, for callers without a form; beside the field it would be said twice.
const issueOf = (field: string, detail: string): ApiIssue => {
  const bare = withoutField(field, detail);
  return { field, detail: field ? bare.charAt(0).toUpperCase() + bare.slice(1) : bare };
};

// Away from its field the name stays, unless the sentence says it anyhow ("command: The plugin command is empty.").
const messageFrom = (error: WireError): string | undefined => {
  const field = fieldOf(error);
  const bare = error.detail && withoutField(field, error.detail);
  const word = field.split(".").at(-1)?.replaceAll("_", " ") ?? "";
  return bare && /^\p{Lu}/u.test(bare) && bare.toLowerCase().includes(word.toLowerCase()) ? bare : error.detail;
};

const sentenceFor = (status: number): string => {
  if (status === 0) return "The studio did not answer. Check that it is running and try again.";
  if (status === 403) return "You are not allowed to do this.";
  if (status === 404) return "This does not exist, or no longer does.";
  if (status >= 500) return "The studio could not do this. Try again; if it stays, look at its log.";
  return `The studio refused this (${status}).`;
};

/** Reads an error answer of any shape the product sends. */
export async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  let body: unknown = null;
  try {
    body = JSON.parse(text);
  } catch {
    // An answer from something in front of the studio; its status still says what happened.
  }
  const errors: WireError[] = isRecord(body) && Array.isArray(body.errors) ? body.errors.filter(isRecord) : [];
  const first = errors[0];
  const flat = isRecord(body) && typeof body.error === "string" ? body.error : undefined;
  return new ApiError({
    status: response.status,
    code: first?.code ?? "unknown",
    message: (first && messageFrom(first)) ?? flat ?? first?.title ?? sentenceFor(response.status),
    issues: errors.map((error) => issueOf(fieldOf(error), error.detail ?? error.title ?? "")),
    meta: first?.meta ?? {},
    requestId: response.headers.get("x-request-id") ?? "",
  });
}

let csrfToken: string | null = null;

/** Another session has another token. */
export const forgetCsrf = (): void => {
  csrfToken = null;
};

async function csrf(): Promise<string> {
  if (csrfToken === null) {
    const response = await fetch("/csrf-token", { credentials: "same-origin", cache: "no-store" });
    csrfToken = response.headers.get("x-csrf-token") ?? "";
  }
  return csrfToken;
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export type SendOptions = {
  signal?: AbortSignal | undefined;
  /** The version that is to be changed; the server refuses with 412 when there is a newer one. */
  ifMatch?: string | undefined;
};

/** Calls the REST API, with JSON or a form with files, and returns the raw answer; throws `ApiError` for any that is not a success. */
export async function send(method: Method, path: string, body?: unknown, { signal, ifMatch }: SendOptions = {}): Promise<Response> {
  const attempt = async () => {
    const headers: Record<string, string> = { accept: "application/json" };
    if (method !== "GET") headers["x-csrf-token"] = await csrf();
    if (body !== undefined && !(body instanceof FormData)) headers["content-type"] = "application/json";
    if (ifMatch !== undefined) headers["if-match"] = ifMatch;
    return fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? null : body instanceof FormData ? body : JSON.stringify(body),
      signal: signal ?? null,
    });
  };
  let response: Response;
  try {
    response = await attempt();
    if (response.status === 403 && method !== "GET") {
      const problem = await errorOf(response.clone());
      if (problem.code === "csrf_failed") {
        csrfToken = null;
        response = await attempt();
      }
    }
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    noteSilence();
    throw new ApiError({ status: 0, code: "unreachable", message: sentenceFor(0), issues: [], meta: {}, requestId: "" });
  }
  noteAnswer();
  if (!response.ok) throw await errorOf(response);
  return response;
}

/** An answer's JSON with the version of what is in it, which only its header names, as `etag`. */
export async function jsonOf<T>(response: Response): Promise<T> {
  const text = await response.text();
  const json: unknown = text === "" ? undefined : JSON.parse(text);
  const etag = response.headers.get("etag");
  return (etag !== null && isRecord(json) ? { ...json, etag } : json) as T;
}

/** Calls the REST API and returns its JSON (`undefined` for an empty answer). */
export const call = async <T>(method: Method, path: string, body?: unknown, options?: SendOptions): Promise<T> =>
  jsonOf<T>(await send(method, path, body, options));

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => call<T>("GET", path, undefined, { signal });

/** The sentence to show for anything thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Wraps attributes as the API's resource document. */
export const document = (type: string, attributes: Record<string, unknown>): unknown => ({ data: { type, attributes } });
