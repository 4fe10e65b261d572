import { costOf } from "@portico/core";
import type { UsageRecord } from "@portico/protocol/edge";
import type { WebSocket } from "ws";
import type { Usage } from "../dialects/dialect.ts";
import { tokensOfChars } from "../dialects/json/text.ts";
import { judgeModel } from "../pipeline/admit.ts";
import type { LlmExchange } from "../pipeline/llm-call.ts";
import { priceOf } from "../pipeline/price.ts";
import type { Step } from "../pipeline/reply.ts";
import { type Book, type Ending, recordOf, type Settle } from "../pipeline/settle.ts";
import { closeWith, pipe } from "./pipe.ts";

export type SessionDeps = {
  /** Unix milliseconds by the hub's clock. */
  now(): number;
  /** Sets money aside for the next answer. */
  renew(exchange: LlmExchange): Step;
  book: Book;
  settle: Settle;
  onEnded(session: Session): void;
};

const completed: Ending = { outcome: "completed", reason: "" };
const policyViolation = 1008;

/** A client and a vendor that speak with each other. What each answer used is counted when it ends. */
export class Session {
  readonly exchange: LlmExchange;
  readonly startedMs = performance.now();
  /** When a message last came from either side. */
  lastMessageMs = this.startedMs;
  readonly #client: WebSocket;
  readonly #vendor: WebSocket;
  readonly #deps: SessionDeps;
  #answers = 0;
  #answerStartedMs = this.startedMs;
  /** Of text generated since the last answer ended. */
  #chars = 0;
  #isOver = false;
  /** Neither side has answered the last ping. */
  readonly #silent = new Set<WebSocket>();

  constructor({ exchange, client, vendor, deps }: { exchange: LlmExchange; client: WebSocket; vendor: WebSocket; deps: SessionDeps }) {
    this.exchange = exchange;
    this.#client = client;
    this.#vendor = vendor;
    this.#deps = deps;
    pipe(client, vendor, (message, isBinary) => this.#fromClient(message, isBinary));
    pipe(vendor, client, (message, isBinary) => this.#fromVendor(message, isBinary));
    for (const socket of [client, vendor]) {
      // A broken rule of the protocol ends the connection, which is reported as its end.
      socket.on("error", () => undefined);
      socket.on("pong", () => void this.#silent.delete(socket));
    }
    client.on("close", (code, reason) => {
      const isLost = code === 1006;
      closeWith(vendor, isLost ? 1001 : code, reason);
      this.#end(isLost ? { outcome: "aborted", reason: "client_closed" } : completed);
    });
    vendor.on("close", (code, reason) => {
      const isLost = code === 1006;
      closeWith(client, code, isLost ? "The connection to the vendor was lost." : reason);
      this.#end(isLost ? { outcome: "failed", reason: "upstream_broke_off" } : completed);
    });
  }

  /** Ends the session from here. */
  close(code: number, reason: string, ending: Ending): void {
    if (this.#isOver) return;
    closeWith(this.#client, code, reason);
    closeWith(this.#vendor, 1001, "");
    this.#end(ending);
  }

  /** Ends a side that did not answer the last ping, and sends the next. */
  ping(): void {
    for (const socket of [this.#client, this.#vendor]) {
      // A side that is held back cannot answer.
      if (socket.isPaused || socket.readyState !== socket.OPEN) continue;
      if (this.#silent.has(socket)) socket.terminate();
      else {
        this.#silent.add(socket);
        socket.ping();
      }
    }
  }

  #fromClient(message: Buffer, isBinary: boolean): boolean {
    if (this.#isOver) return false;
    this.lastMessageMs = performance.now();
    this.exchange.requestBytes += message.length;
    const { target } = this.exchange;
    const isJudged = !isBinary && (target.llm?.allowedModels.patterns.length ?? 0) > 0;
    for (const model of isJudged ? (target.endpoint?.socket?.modelsIn(message) ?? []) : []) {
      if (!judgeModel(target, model)) continue;
      this.close(policyViolation, `model '${model}' is not allowed`, { outcome: "blocked", reason: "model_not_allowed" });
      return false;
    }
    return true;
  }

  #fromVendor(message: Buffer, isBinary: boolean): boolean {
    if (this.#isOver) return false;
    this.lastMessageMs = performance.now();
    this.exchange.responseBytes += message.length;
    if (isBinary) return true;
    const event = this.exchange.target.endpoint?.socket?.readEvent(message);
    if (!event) return true;
    if (this.#chars === 0 && event.chars > 0) this.#answerStartedMs = this.lastMessageMs;
    this.#chars += event.chars;
    if (!event.isEnd) return true;
    this.#count(event.usage);
    const step = this.#deps.renew(this.exchange);
    if (step.kind !== "reply") return true;
    // The client sees how the answer ended before the session does.
    setImmediate(() => this.close(policyViolation, "Budget limit exceeded", { outcome: "blocked", reason: "budget_exceeded" }));
    return true;
  }

  /** @param usage undefined when the vendor does not say: it is estimated from the text that passed. */
  #count(usage: Usage | undefined): void {
    const { exchange } = this;
    const { target, table } = exchange;
    const { llm } = target;
    const response = tokensOfChars(this.#chars);
    this.#chars = 0;
    if (!llm || (!usage && response === 0)) return;
    const tokens = usage?.tokens ?? { prompt: 0, response, cacheWrite: 0, cacheRead: 0 };
    const price = target.price ?? (usage?.model ? priceOf(table, llm, usage.model) : undefined) ?? target.assumedPrice;
    const record: UsageRecord = recordOf(exchange, completed, {
      tokens,
      costNanoUsd: price ? costOf(tokens, price) : 0,
      estimated: usage === undefined,
    });
    this.#answers++;
    const durationMs = this.lastMessageMs - this.#answerStartedMs;
    this.#deps.book({
      ...record,
      requestId: `${exchange.requestId}-${this.#answers}`,
      // What is said late in a session belongs to the period in which it is said.
      startedAtMs: Math.round(this.#deps.now() - durationMs),
      statusCode: 200,
      streamed: true,
      durationMs,
      firstByteMs: 0,
      pluginMs: 0,
      requestBytes: 0,
      responseBytes: 0,
    });
  }

  #end(ending: Ending): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#count(undefined);
    // Its answers have been counted.
    this.exchange.target.cost = "none";
    this.#deps.settle(this.exchange, ending);
    this.#deps.onEnded(this);
  }
}
