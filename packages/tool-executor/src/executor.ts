import { isUtf8 } from "node:buffer";
import type { Outbound } from "@portico/outbound";
import type { Dispatcher } from "undici";
import { authenticate } from "./auth.ts";
import type { OperationDefinition, SecurityScheme, ToolDefinition } from "./definition.ts";
import { type Exchanged, exchange } from "./exchange.ts";
import { CallFault, connectionFault, type ToolFault } from "./faults.ts";
import { createTokenSource } from "./oauth.ts";
import { type PlannedRequest, planRequest, type ToolCall } from "./request.ts";

export type ExecutorLimits = { timeoutMs: number; maxAnswerBytes: number; maxRequestBytes: number };

export const defaultLimits: ExecutorLimits = { timeoutMs: 30_000, maxAnswerBytes: 1024 * 1024, maxRequestBytes: 5 * 1024 * 1024 };

/** What is called: a tool as it is stored, with its key in clear. */
export type ToolTarget = {
  definition: ToolDefinition;
  /** Operations that may be called. */
  operations: readonly string[];
  /** "" follows the document. */
  baseUrl: string;
  authSchemaName: string;
  key: string | null;
};

/** The request as it was sent; secrets are `[redacted]`. */
export type SentRequest = { method: string; url: string; headers: Record<string, string>; body: string | null };

export type ToolAnswer = {
  /** Whatever the API answers is an answer, errors of its own included. */
  status: number;
  headers: Record<string, string>;
  /** Text as it is, anything else as base64. */
  body: { encoding: "text" | "base64"; content: string };
  bytes: number;
};

export type ToolOutcome = { durationMs: number; request: SentRequest | null } & (
  | { ok: true; answer: ToolAnswer }
  | { ok: false; fault: ToolFault }
);

export type ToolExecutor = {
  /** Calls one operation. What goes wrong is an outcome; only a fault of this package throws. */
  execute(
    target: ToolTarget,
    call: ToolCall,
    options?: { signal?: AbortSignal | undefined; limits?: Partial<ExecutorLimits> },
  ): Promise<ToolOutcome>;
  close(): Promise<void>;
};

const redacted = "[redacted]";
/** Shorter ones are in every answer by chance. */
const leastSecretChars = 6;
const shownBodyChars = 20_000;

/** Calls operations of tools over HTTP, within limits of time and size and where the policy for addresses allows it. */
export function createToolExecutor({ outbound }: { outbound: Pick<Outbound, "agent"> }): ToolExecutor {
  const options = { pipelining: 0, connections: 32, keepAliveTimeout: 4_000, connect: { timeout: 10_000 } };
  // A document may be anybody's: only a base URL that a person entered leads to addresses inside.
  const agents = { document: outbound.agent({ purpose: "import", ...options }), person: outbound.agent({ purpose: "tool", ...options }) };
  const dispatcherFor = (isFromDocument: boolean): Dispatcher => (isFromDocument ? agents.document : agents.person);
  const tokens = createTokenSource({ dispatcherFor });

  return {
    async execute(target, call, { signal, limits } = {}) {
      const { timeoutMs, maxAnswerBytes, maxRequestBytes } = { ...defaultLimits, ...limits };
      const startedAt = performance.now();
      const deadline = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
      let sent: SentRequest | null = null;
      let host = "";
      const outcome = (result: { ok: true; answer: ToolAnswer } | { ok: false; fault: ToolFault }): ToolOutcome => ({
        ...result,
        request: sent,
        durationMs: Math.round(performance.now() - startedAt),
      });
      try {
        const operation = operationOf(target, call.operationId);
        const planned = planRequest(target.definition, operation, target.baseUrl, call);
        host = planned.url.host;
        if ((planned.body?.bytes.length ?? 0) > maxRequestBytes)
          throw new CallFault("bad_input", `is larger than ${maxRequestBytes} bytes, the limit of a tool's request`, "payload");
        const scheme = schemeOf(target, operation);
        const secrets = scheme && target.key ? await authenticate(planned, scheme, target.key, { tokens, signal: deadline }) : [];
        const hide = hider(secrets);
        const headers = headersOf(planned);
        sent = shown(planned, headers, hide);
        const { body, method, url } = planned;
        const answer = await exchange(
          dispatcherFor(planned.isFromDocument),
          { url, method, headers, body: body?.bytes },
          { maxAnswerBytes, signal: deadline },
        );
        if (answer.status === 401 && scheme?.type === "oauth2") tokens.forget(secrets.at(-1) ?? "");
        return outcome({ ok: true, answer: toAnswer(answer, hide) });
      } catch (error) {
        if (error instanceof CallFault) return outcome({ ok: false, fault: error.fault });
        if (signal?.aborted) return outcome({ ok: false, fault: { kind: "aborted", message: "The caller went away." } });
        const fault = connectionFault(error, host, timeoutMs);
        return outcome({
          ok: false,
          fault: fault.kind === "refused" ? { ...fault, message: hintOfRefusal(fault.message, target.baseUrl) } : fault,
        });
      }
    },

    async close() {
      await Promise.all([agents.document.destroy(), agents.person.destroy()]);
    },
  };
}

function operationOf({ definition, operations }: ToolTarget, id: string): OperationDefinition {
  const operation = definition.operations.find((one) => one.id === id);
  if (!operation) throw new CallFault("unknown_operation", `the tool's document has no operation ${JSON.stringify(id)}`, "operation_id");
  if (!operations.includes(id)) throw new CallFault("not_allowed", `the tool does not allow the operation ${id}`, "operation_id");
  return operation;
}

function schemeOf({ definition, authSchemaName }: ToolTarget, operation: OperationDefinition): SecurityScheme | undefined {
  if (authSchemaName === "" || operation.isOpen) return undefined;
  return Object.hasOwn(definition.securitySchemes, authSchemaName) ? definition.securitySchemes[authSchemaName] : undefined;
}

function headersOf({ headers, cookies, body }: PlannedRequest): Record<string, string> {
  return {
    accept: "application/json, */*;q=0.5",
    "user-agent": "portico",
    ...headers,
    "accept-encoding": "identity",
    ...(cookies.length === 0 ? {} : { cookie: cookies.join("; ") }),
    ...(body ? { "content-type": body.contentType } : {}),
  };
}

type Hide = (text: string) => string;

/** APIs repeat what they were sent: the key must not come back with an answer. */
function hider(secrets: string[]): Hide {
  const long = [...new Set(secrets)].filter((secret) => secret.length >= leastSecretChars).sort((a, b) => b.length - a.length);
  return (text) => long.reduce((hidden, secret) => hidden.replaceAll(secret, redacted), text);
}

function shown({ method, url, body }: PlannedRequest, headers: Record<string, string>, hide: Hide): SentRequest {
  const isText = body !== undefined && isUtf8(body.bytes) && !body.bytes.includes(0);
  return {
    method,
    url: hide(url.href),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, name === "authorization" ? redacted : hide(value)])),
    body: body === undefined ? null : isText ? hide(body.bytes.toString("utf8")).slice(0, shownBodyChars) : `(${body.bytes.length} bytes)`,
  };
}

const textual = /^(?:text\/|application\/(?:json|xml|x-www-form-urlencoded|javascript|yaml|[a-z0-9.+-]*\+(?:json|xml|yaml)))/i;

function toAnswer({ status, headers, bytes }: Exchanged, hide: Hide): ToolAnswer {
  const type = headers["content-type"] ?? "";
  const isText = (type === "" || textual.test(type.trim())) && isUtf8(bytes);
  return {
    status,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, hide(value)])),
    body: isText ? { encoding: "text", content: hide(bytes.toString("utf8")) } : { encoding: "base64", content: bytes.toString("base64") },
    bytes: bytes.length,
  };
}

const hintOfRefusal = (message: string, baseUrl: string): string =>
  baseUrl === "" ? `${message} If that is where the API is, set it as the tool's base_url.` : message;
