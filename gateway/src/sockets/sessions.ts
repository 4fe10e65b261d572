import { type ClientRequest, type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Outbound } from "@portico/outbound";
import { WebSocket, WebSocketServer } from "ws";
import type { ConfigStore } from "../config/store.ts";
import type { LlmCall, LlmExchange } from "../pipeline/llm-call.ts";
import { answering, later, refuse, type Step } from "../pipeline/reply.ts";
import type { Resume } from "../pipeline/run.ts";
import { upstreamProblem } from "../pipeline/upstream-problem.ts";
import type { Limits } from "../settings.ts";
import type { VendorCall } from "../vendors/vendor.ts";
import { offeredProtocols } from "./protocols.ts";
import { Session, type SessionDeps } from "./session.ts";

export type Sessions = {
  /** Connects to the vendor and then accepts the client; a vendor that refuses is answered to the client as it is. */
  open(exchange: LlmExchange, call: VendorCall, resume: Resume<LlmCall>): Step;
  /** Ends all sessions and takes no further ones. */
  close(): void;
};

const maxSessions = 4_096;
/** Of one message: 15 MB of sound are allowed at once. */
const maxMessageBytes = 32 * 1024 * 1024;
const maxRefusalBytes = 64 * 1024;
const checkMs = 500;
const pingEvery = 60;
const goingAway = 1001;
const policyViolation = 1008;
const completed = { outcome: "completed", reason: "" } as const;

export function createSessions({
  store,
  connector,
  limits,
  ...deps
}: {
  store: Pick<ConfigStore, "read" | "serves" | "appOf">;
  connector: ReturnType<Outbound["connector"]>;
  limits: Pick<Limits, "connectTimeoutMs" | "firstByteTimeoutMs" | "idleTimeoutMs" | "sessionMs">;
} & Omit<SessionDeps, "onEnded">): Sessions {
  const sessions = new Set<Session>();
  let opening = 0;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  /** What the answer to a client's upgrade says. */
  const answers = new WeakMap<IncomingMessage, { protocol: string; requestId: string }>();
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handleProtocols: (_offered, req) => answers.get(req)?.protocol || false,
  });
  server.on("headers", (headers, req) => headers.push(`X-Request-ID: ${answers.get(req)?.requestId ?? ""}`));

  function isAllowed({ app, table, credentialHash, target: { llm } }: LlmExchange): boolean {
    const current = store.read() ?? table;
    const owner = credentialHash ? store.appOf(current, credentialHash) : current.appsById.get(app?.id ?? 0);
    if (!owner?.active || !llm || !store.serves(table, llm)) return false;
    return owner.system || owner.llmIds.has(llm.id);
  }

  let checks = 0;
  function check(): void {
    const nowMs = performance.now();
    checks++;
    for (const session of sessions) {
      if (!isAllowed(session.exchange))
        session.close(policyViolation, "Access was revoked.", { outcome: "blocked", reason: "credential_invalid" });
      else if (nowMs - session.lastMessageMs > limits.idleTimeoutMs) session.close(goingAway, "Nothing was said for too long.", completed);
      else if (nowMs - session.startedMs > limits.sessionMs) session.close(goingAway, "The session lasted as long as it may.", completed);
      else if (checks % pingEvery === 0) session.ping();
    }
  }

  function onEnded(session: Session): void {
    sessions.delete(session);
    if (sessions.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  function accept(exchange: LlmExchange, vendor: WebSocket): void {
    const { req, res, target } = exchange;
    const upgrade = target.upgrade as NonNullable<LlmCall["upgrade"]>;
    exchange.statusCode = 101;
    exchange.streamed = true;
    exchange.firstByteMs = performance.now() - exchange.startedMs;
    answers.set(req, { protocol: vendor.protocol, requestId: exchange.requestId });
    res.detachSocket(upgrade.socket);
    server.handleUpgrade(req, upgrade.socket, upgrade.head, (client) => {
      sessions.add(new Session({ exchange, client, vendor, deps: { ...deps, onEnded } }));
      timer ??= setInterval(check, checkMs).unref();
    });
  }

  return {
    open(exchange, call, resume) {
      if (isClosed || sessions.size + opening >= maxSessions)
        return refuse({
          status: 503,
          reason: "unavailable",
          message: "This gateway takes no more sessions.",
          headers: { "retry-after": "5" },
        });
      opening++;
      let isSettled = false;
      const once = (run: () => void) => {
        if (isSettled) return;
        isSettled = true;
        opening--;
        run();
      };
      const vendor = connectTo(call, { exchange, connector, timeoutMs: limits.connectTimeoutMs + limits.firstByteTimeoutMs });
      exchange.sentUpstream = true;
      exchange.upstream = { abort: () => vendor.terminate() };
      vendor.once("open", () =>
        once(() => {
          resume(exchange, answering);
          if (exchange.settled || isClosed) vendor.terminate();
          else accept(exchange, vendor);
        }),
      );
      vendor.once("unexpected-response", (_req: ClientRequest, res: IncomingMessage) => {
        readRefusal(res, (body) => once(() => resume(exchange, refusedBy(exchange, res, body))));
      });
      vendor.on("error", (error) => once(() => resume(exchange, refuse(upstreamProblem(error, exchange.target.slug)))));
      return later;
    },
    close() {
      isClosed = true;
      for (const session of sessions) session.close(goingAway, "The gateway is going away.", { outcome: "aborted", reason: "unavailable" });
      clearInterval(timer);
    },
  };
}

function connectTo(
  { origin, path, headers }: VendorCall,
  { exchange, connector, timeoutMs }: { exchange: LlmExchange; connector: ReturnType<Outbound["connector"]>; timeoutMs: number },
): WebSocket {
  const url = new URL(origin);
  const named: Record<string, string> = {};
  for (let i = 0; i < headers.length; i += 2) named[headers[i] as string] = headers[i + 1] as string;
  return new WebSocket(`${origin.replace(/^http/, "ws")}${path}`, offeredProtocols(exchange.req), {
    headers: named,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handshakeTimeout: timeoutMs,
    // Where it leads is judged as with any other call.
    createConnection: ((_options: unknown, done: (error: Error | null, socket?: Socket) => void) => {
      const { hostname, protocol, port, host } = url;
      connector({ hostname, protocol, port, host }, (error, socket) => (socket ? done(null, socket) : done(error)));
    }) as never,
  });
}

function readRefusal(res: IncomingMessage, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const finish = () => {
    done(Buffer.concat(chunks));
    res.destroy();
  };
  res.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxRefusalBytes) finish();
    else chunks.push(chunk);
  });
  res.on("end", finish);
  res.on("error", finish);
  res.on("close", finish);
}

/** The vendor's answer in place of an upgrade. */
function refusedBy({ target: { llm } }: LlmExchange, res: IncomingMessage, body: Buffer): Step {
  const status = res.statusCode ?? 0;
  if (status < 400) {
    const message = `The upstream of LLM "${llm?.slug}" does not take WebSockets: it answered with ${status} ${STATUS_CODES[status] ?? ""}.`;
    return refuse({ status: 502, reason: "upstream_invalid", message });
  }
  llm?.keyMask?.blotOut(body);
  const type = res.headers["content-type"] ?? "";
  const headers = { "content-type": /^application\/json\b/i.test(type) ? "application/json" : "text/plain; charset=utf-8" };
  return { kind: "reply", reply: { status, headers, body, outcome: "failed", reason: "upstream_status" } };
}
