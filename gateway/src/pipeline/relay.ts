import type { OutgoingHttpHeaders } from "node:http";
import { AppError, messageOf } from "@portico/core";
import { Chunks } from "@portico/core/chunks";
import type { Logger } from "@portico/core/logger";
import { isGatewayReason } from "@portico/protocol";
import type { Dispatcher } from "undici";
import type { RoutingTable } from "../config/routing-table.ts";
import type { StreamReader } from "../dialects/dialect.ts";
import type { Answer, ResponseHooks } from "../hooks/response-hooks.ts";
import { type Collector, createCollector } from "./collector.ts";
import { createDecoder, type Decoder } from "./decoder.ts";
import { clientHeaders, type HeaderList, headersOf } from "./headers.ts";
import type { KeyMask } from "./key-mask.ts";
import type { LlmCall, LlmExchange } from "./llm-call.ts";
import { isPluginFailure, pluginFailure } from "./plugin-failure.ts";
import { type Refusal, refuse, sendReply } from "./reply.ts";
import type { Settle } from "./settle.ts";
import { upstreamProblem } from "./upstream-problem.ts";
import { noteRefusal, refusalBytes } from "./usage-options.ts";

/** How a request is sent a second time. */
export type Retry = {
  /** After its connection was lost before any answer: on a new connection. */
  send?(relay: Relay): void;
  /** After the vendor refused what the gateway had added: as the client sent it. */
  sendUnchanged?(relay: Relay): void;
};

export type RelayDeps = {
  settle: Settle;
  responseHooks: ResponseHooks;
  /** Whether plugins collect what is answered. */
  isCollected(table: RoutingTable): boolean;
  logger: Logger;
  pluginBytes: number;
};

/** An answer that may refuse what the gateway has added to the request. */
type HeldRefusal = { status: number; headers: OutgoingHttpHeaders; chunks: Chunks };

const scannedBytes = 1024 * 1024;
const scannedTailBytes = 64 * 1024;
/** Up to here node joins head and body into one write, which costs less than handing over two pieces. */
const joinedBytes = 32 * 1024;

/**
 * Carries an upstream's answer to the client. Streams and answers that no plugin changes pass through as they come, at the
 * client's pace; usage is read on the side. Only an answer that on_response plugins will see is held, and only up to what
 * they can be sent.
 */
export class Relay implements Dispatcher.DispatchHandler {
  readonly #exchange: LlmExchange;
  readonly #target: LlmCall;
  readonly #deps: RelayDeps;
  #control: Dispatcher.DispatchController | undefined;
  #headers: HeaderList = [];
  /** Reads the usage of a stream as it passes. */
  #usageStream: StreamReader | undefined;
  /** The usage of the answer is read once it is complete. */
  #isReadWhole = false;
  /** A stream was asked for and not announced: the first bytes tell whether it comes all the same. */
  #mayBeStream = false;
  #scan: Collector | undefined;
  #decoder: Decoder | undefined;
  /** Length the upstream announced for an answer that passes as it is; -1 when it did not. */
  #announced = -1;
  #whole: Buffer | undefined;
  /** Set while the answer is looked through for the vendor's key. */
  #mask: KeyMask | undefined;
  /** The end of the last piece, when it might be the beginning of the key. */
  #unsure: Buffer | undefined;
  /** Set while the answer is held for plugins. */
  #held: Chunks | undefined;
  /** Set when plugins want to see a stream after it has ended. */
  #stream: Collector | undefined;
  #chunks = 0;

  /** Set while sending once more is safe and has not been tried. */
  #retry: Retry | undefined;
  #refusal: HeldRefusal | undefined;

  constructor(exchange: LlmExchange, deps: RelayDeps, retry?: Retry) {
    this.#exchange = exchange;
    this.#target = exchange.target;
    this.#deps = deps;
    this.#retry = retry;
  }

  onRequestStart(control: Dispatcher.DispatchController) {
    const exchange = this.#exchange;
    this.#control = control;
    if (exchange.settled) return control.abort(new Error("the client left"));
    exchange.sentUpstream = true;
    exchange.upstream = control;
  }

  onResponseStart(control: Dispatcher.DispatchController, status: number, headers: OutgoingHttpHeaders): void {
    if (status < 200) return;
    const exchange = this.#exchange;
    // A refusal may come early; what is good was not judged yet.
    if (exchange.upload && !exchange.upload.isAdmitted && status < 400) {
      this.#failHere(Object.assign(new Error("an early answer"), { code: "EARLY_ANSWER" }));
      return;
    }
    const isPlain = headers["content-encoding"] === undefined || headers["content-encoding"] === "identity";
    if (this.#retry?.sendUnchanged && isPlain && !this.#refusal && this.#target.endpoint?.format.mayRefuseUsage(status)) {
      this.#refusal = { status, headers, chunks: new Chunks() };
      return;
    }
    this.#retry = undefined;
    exchange.statusCode = status;
    exchange.firstByteMs = performance.now() - exchange.startedMs;

    const encoding = headers["content-encoding"];
    if (encoding !== undefined && encoding !== "identity" && hasBody(exchange, status)) {
      this.#decoder = createDecoder(String(encoding), {
        control,
        onData: (chunk) => this.#take(chunk),
        onEnd: () => this.#end(),
        onError: (error) => this.#failHere(error),
      });
    }
    this.#headers = clientHeaders(headers, {
      requestId: exchange.requestId,
      // With an event left out it is shorter than the upstream says.
      decoded:
        this.#decoder !== undefined || (this.#target.hideUsage && status < 300 && (encoding === undefined || encoding === "identity")),
      keyMask: this.#target.llm?.keyMask,
    });
    if (this.#deps.isCollected(exchange.table)) exchange.answer = createCollector({ maxBytes: this.#deps.pluginBytes, tailBytes: 1 });
    const contentType = String(headers["content-type"] ?? "");
    const isStream = this.#target.endpoint?.format.isStream(contentType) ?? false;
    exchange.streamed = isStream;
    this.#readAs(contentType);
    // Streams of good answers go out as they come: looking for a key in each of their pieces would hold them back.
    if (!isStream || status >= 300) this.#mask = this.#target.llm?.keyMask;
    const wanted = this.#target.llm !== undefined && this.#target.llm.chain.onResponse.length > 0;
    if (isStream) {
      if (wanted) this.#keepForPlugins();
    } else {
      this.#mayBeStream = this.#target.streaming && status < 300;
      if (wanted && hasBody(exchange, status)) this.#held = new Chunks();
      const length = headers["content-length"];
      if (length !== undefined && !this.#decoder) this.#announced = Number(length);
    }
    // A body that turns out to be undecodable at its first byte can still be answered with 502.
    if (!this.#held && !this.#decoder) this.#writeHead();
  }

  /** The answer may be a refusal of what the gateway added, which is not the client's to see. */
  #holdRefusal(control: Dispatcher.DispatchController, chunk: Buffer): void {
    const { chunks } = this.#refusal as HeldRefusal;
    chunks.add(chunk);
    if (chunks.bytes > refusalBytes) this.#passRefusal(control);
  }

  #passRefusal(control: Dispatcher.DispatchController): void {
    const { status, headers, chunks } = this.#refusal as HeldRefusal;
    this.#retry = undefined;
    this.#refusal = undefined;
    this.onResponseStart(control, status, headers);
    if (chunks.bytes > 0) this.onResponseData(control, chunks.all());
  }

  #readAs(contentType: string): void {
    const target = this.#target;
    if (target.cost === "none" && !target.endpoint?.returnsResults) return;
    target.usage = target.endpoint?.format.createUsageReader(contentType, target.hideUsage);
    this.#usageStream = target.usage?.stream;
    this.#isReadWhole = target.usage !== undefined && !this.#usageStream;
  }

  #keepForPlugins(): void {
    this.#stream = createCollector({ maxBytes: this.#deps.pluginBytes, tailBytes: this.#deps.pluginBytes });
  }

  /** A stream came under another type. */
  #becomeStream(contentType: string): void {
    this.#exchange.streamed = true;
    this.#mask = undefined;
    this.#announced = -1;
    this.#readAs(contentType);
    if (this.#held) this.#keepForPlugins();
    this.#held = undefined;
    this.#writeHead();
  }

  onResponseData(control: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#control = control;
    if (this.#refusal) this.#holdRefusal(control, chunk);
    else if (this.#decoder) this.#decoder.write(chunk);
    else this.#take(chunk);
  }

  onResponseEnd(control: Dispatcher.DispatchController): void {
    const answer = this.#refusal?.chunks.all();
    const { llm, endpoint } = this.#target;
    if (this.#exchange.settled) return;
    if (answer && llm && endpoint?.format.refusesUsage(answer)) {
      const retry = this.#retry;
      noteRefusal(llm);
      this.#retry = undefined;
      this.#refusal = undefined;
      retry?.sendUnchanged?.(this);
      return;
    }
    if (answer) this.#passRefusal(control);
    if (this.#decoder) this.#decoder.end();
    else this.#end();
  }

  onResponseError(_control: Dispatcher.DispatchController, error: Error): void {
    const retry = this.#retry;
    if (retry?.send && isConnectionLost(error) && this.#exchange.firstByteMs === 0 && !this.#exchange.settled) {
      this.#retry = undefined;
      retry.send(this);
    } else {
      this.#decoder?.destroy();
      this.#fail(error);
    }
  }

  #writeHead(): void {
    const { res, statusCode } = this.#exchange;
    if (!res.headersSent && !res.destroyed) res.writeHead(statusCode, this.#headers);
  }

  #take(chunk: Buffer) {
    if (this.#exchange.settled) return;
    if (this.#mayBeStream) {
      this.#mayBeStream = false;
      const contentType = this.#target.endpoint?.format.unannouncedStream(chunk);
      if (contentType !== undefined) this.#becomeStream(contentType);
    }
    if (!this.#mask) return this.#pass(chunk);
    const bytes = this.#unsure ? Buffer.concat([this.#unsure, chunk]) : chunk;
    const sureTo = this.#mask.blotOut(bytes);
    // A whole answer is complete whatever its end looks like.
    const sure = bytes.length === this.#announced ? bytes.length : sureTo;
    this.#unsure = sure < bytes.length ? bytes.subarray(sure) : undefined;
    if (sure > 0) this.#pass(sure < bytes.length ? bytes.subarray(0, sure) : bytes);
  }

  #pass(chunk: Buffer) {
    if (this.#held) return this.#hold(chunk);
    if (this.#usageStream) {
      this.#chunks++;
      // Untouched bytes leave at once and are read afterwards; only a stream with something to hide goes out event by event.
      if (this.#target.hideUsage) this.#write(this.#usageStream.push(chunk));
      else {
        this.#write(chunk);
        this.#usageStream.push(chunk);
      }
      return;
    }
    // An answer that is complete in one piece is sent with its end, which costs one write less.
    if (chunk.length === this.#announced) {
      this.#whole = chunk;
      return;
    }
    this.#remember(chunk);
    this.#write(chunk);
  }

  #write(out: Buffer): void {
    if (out.length === 0) return;
    if (this.#decoder) this.#writeHead();
    const { res } = this.#exchange;
    this.#exchange.responseBytes += out.length;
    this.#stream?.add(out);
    this.#exchange.answer?.add(out);
    if (res.write(out)) return;
    const source = this.#decoder ?? this.#control;
    source?.pause();
    res.once("drain", () => source?.resume());
  }

  /** Keeps what usage is read from afterwards. */
  #remember(chunk: Buffer): void {
    if (!this.#isReadWhole) return;
    this.#scan ??= createCollector({ maxBytes: scannedBytes, tailBytes: scannedTailBytes });
    this.#scan.add(chunk);
  }

  #hold(chunk: Buffer): void {
    this.#remember(chunk);
    const held = this.#held as Chunks;
    held.add(chunk);
    if (held.bytes <= this.#deps.pluginBytes) return;
    this.#deps.logger.warn("a response is too large for its plugins and passes unseen", { requestId: this.#exchange.requestId });
    this.#held = undefined;
    this.#writeHead();
    this.#write(held.all());
  }

  #end(): void {
    const exchange = this.#exchange;
    if (exchange.settled) return;
    if (this.#unsure) this.#pass(this.#unsure);
    if (this.#held) {
      void this.#showToPlugins(this.#held.all());
      return;
    }
    if (this.#usageStream) {
      const rest = this.#usageStream.end();
      if (this.#target.hideUsage) this.#write(rest);
    }
    if (this.#decoder) this.#writeHead();
    if (this.#whole) {
      exchange.responseBytes += this.#whole.length;
      exchange.answer?.add(this.#whole);
    }
    if (this.#whole && this.#whole.length <= joinedBytes) exchange.res.end(this.#whole.toString("latin1"), "latin1");
    else exchange.res.end(this.#whole);
    this.#finish();
  }

  async #showToPlugins(body: Buffer): Promise<void> {
    const exchange = this.#exchange;
    let answer: Answer;
    try {
      answer = await this.#deps.responseHooks.onAnswer(exchange, { headers: headersOf(this.#headers), body });
    } catch (error) {
      return this.#failInPlugins(error);
    }
    if (exchange.settled) return;
    exchange.responseBytes = answer.body.length;
    exchange.answer?.add(answer.body);
    sendReply(exchange.res, exchange.requestId, { status: exchange.statusCode, headers: answer.headers, body: answer.body });
    this.#finish();
  }

  /** A plugin without which the answer may not pass has failed; the vendor's work is owed all the same. */
  #failInPlugins(error: unknown): void {
    const exchange = this.#exchange;
    if (exchange.settled) return;
    const { requestId } = exchange;
    this.#deps.logger.error("a plugin stopped an answer", { requestId, error: messageOf(error) });
    this.#readUsage();
    const isKnown = error instanceof AppError && isGatewayReason(error.code) && isPluginFailure(error);
    const cause = isKnown ? error : new AppError({ code: "plugin_failed", message: messageOf(error) });
    this.#refuse(pluginFailure(cause, isGatewayReason(cause.code) ? cause.code : "plugin_failed", requestId));
  }

  #finish(): void {
    const exchange = this.#exchange;
    this.#readUsage();
    const failed = exchange.statusCode >= 400;
    const isError = !failed && this.#target.usage?.failed === true;
    if (failed || isError) this.#deps.settle(exchange, { outcome: "failed", reason: failed ? "upstream_status" : "upstream_error" });
    else this.#deps.settle(exchange, { outcome: "completed", reason: "" });
    if (!this.#stream || failed) return;
    const body = this.#stream.all();
    if (body) {
      const requestBody = exchange.body ?? Buffer.alloc(0);
      this.#deps.responseHooks.onStreamComplete(exchange, { body, headers: headersOf(this.#headers), chunks: this.#chunks, requestBody });
    } else this.#deps.logger.warn("a stream is too large for its plugins", { requestId: exchange.requestId });
  }

  #readUsage() {
    const { usage, price } = this.#target;
    if (!usage || !this.#isReadWhole || this.#exchange.statusCode >= 400) return;
    const all = this.#whole ?? this.#scan?.all();
    // Which model ran matters only where the one asked for has no price.
    if (all) usage.readAnswer(all, price === undefined);
    else if (this.#scan) usage.readEnds(this.#scan.head(), this.#scan.tail());
  }

  /** A failure that the upstream does not know of: without a word it would go on sending, and hold its connection. */
  #failHere(error: Error): void {
    this.#fail(error);
    this.#control?.abort(error);
  }

  /** The vendor refused what the gateway had added to a body that is gone. The client may send it again, and nothing is added then. */
  askAgain(): void {
    if (this.#exchange.settled) return;
    const message = "The vendor refused an option that the gateway had added to report usage. Send the request again.";
    this.#refuse({ status: 503, reason: "upstream_status", message, headers: { "retry-after": "1" } });
  }

  /** Nothing was sent: the request ends with what kept it. */
  fail(error: Error): void {
    this.#fail(error);
  }

  #fail(error: Error): void {
    const exchange = this.#exchange;
    if (exchange.settled) return;
    const problem = upstreamProblem(error, this.#target.llm?.slug ?? "");
    const { res } = exchange;
    if (res.headersSent) {
      // The client must not take half an answer for a whole one.
      res.destroy();
      this.#deps.settle(exchange, { outcome: "failed", reason: "upstream_broke_off" });
      return;
    }
    // Nothing was answered, so nothing is known to be owed; a request that timed out may still have been worked on.
    this.#refuse(problem);
  }

  /** Answers in the upstream's place. */
  #refuse(refusal: Refusal): void {
    const exchange = this.#exchange;
    const { reply } = refuse(refusal);
    exchange.statusCode = reply.status;
    exchange.responseBytes = reply.body.length;
    sendReply(exchange.res, exchange.requestId, reply);
    this.#deps.settle(exchange, { outcome: "failed", reason: reply.reason });
  }
}

const lostCodes = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** The other side closed a connection: as it does with idle ones, and then it has not read the request that was just on its way. */
const isConnectionLost = (error: Error): boolean => "code" in error && lostCodes.has(String(error.code));

const hasBody = ({ req }: LlmExchange, status: number): boolean => req.method !== "HEAD" && status !== 204 && status !== 304;
