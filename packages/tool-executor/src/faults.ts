/** Why an operation was not called, or has no answer. */
export type ToolFaultKind =
  /** The document has no such operation. */
  | "unknown_operation"
  /** The tool does not allow it. */
  | "not_allowed"
  /** A parameter or the body is missing or cannot be sent. */
  | "bad_input"
  /** The tool itself must be changed: no base URL, a key that fits no scheme. */
  | "misconfigured"
  /** The address may not be called. */
  | "refused"
  /** No connection, or none that lasted. */
  | "unreachable"
  | "timeout"
  /** The answer is larger than the limit. */
  | "too_large"
  /** The caller went away. */
  | "aborted";

export type ToolFault = {
  kind: ToolFaultKind;
  /** Of the call, e.g. `parameters.status`; absent where it is about none. */
  field?: string;
  message: string;
};

/** Ends the making of a request; `execute` answers it as an outcome. */
export class CallFault extends Error {
  readonly fault: ToolFault;
  constructor(kind: ToolFaultKind, message: string, field?: string) {
    super(message);
    this.fault = { kind, message, ...(field === undefined ? {} : { field }) };
  }
}

export const badInput = (field: string, message: string): CallFault => new CallFault("bad_input", message, field);

/** Why a connection could not be made or broke, in words. */
export function connectionFault(error: unknown, host: string, timeoutMs: number): ToolFault {
  const code = codeOf(error);
  if (code === "OUTBOUND_REFUSED" && error instanceof Error) return { kind: "refused", message: error.message };
  if (/TIMEOUT|ETIMEDOUT|TimeoutError/.test(code))
    return { kind: "timeout", message: `${host} did not answer within ${timeoutMs / 1000} seconds.` };
  return { kind: "unreachable", message: `Could not reach ${host}: ${reasonOf(code, error)}.` };
}

function reasonOf(code: string, error: unknown): string {
  if (code === "PROXY_FAILED" && error instanceof Error) return error.message.replace(/\.$/, "");
  if (code === "ENOTFOUND") return "the name does not resolve";
  if (code === "EAI_AGAIN") return "the DNS server did not answer";
  if (code === "ECONNREFUSED") return "nothing accepts connections there";
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH") return "there is no route to it";
  if (/SELF_SIGNED|UNABLE_TO|CERT_|DEPTH_ZERO|ERR_TLS/.test(code))
    return `its TLS certificate is not valid for it or not trusted (${code})`;
  if (code === "EPROTO" || code.startsWith("ERR_SSL")) return "it does not speak TLS there";
  if (code === "ECONNRESET" || code === "UND_ERR_SOCKET" || code === "EPIPE") return "it closed the connection without an answer";
  if (code.startsWith("HPE_")) return "what answers there is not HTTP";
  return `the connection failed (${code})`;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) {
    const inner = error.errors.find((each: unknown) => each instanceof Error);
    if (inner) return codeOf(inner);
  }
  return error.cause === undefined ? error.name : codeOf(error.cause);
}
