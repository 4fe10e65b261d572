import { AppError } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { isGatewayReason } from "@portico/protocol";
import type { Exchange, Target } from "./exchange.ts";
import { isPluginFailure, pluginFailure } from "./plugin-failure.ts";
import { later, type Reply, refuse, type Step, sendReply } from "./reply.ts";
import type { Settle } from "./settle.ts";

/** One step in the life of a request. Returns at once when it can: a promise costs every request a turn of the event loop. */
export type Phase<T extends Target = Target> = {
  name: string;
  run(exchange: Exchange<T>, resume: Resume<T>): Step | Promise<Step>;
};

/** Goes on with the phase after the one that returned `later`; does nothing when none has. */
export type Resume<T extends Target = Target> = (exchange: Exchange<T>, step: Step) => void;

export type Runner<T extends Target = Target> = { start(exchange: Exchange<T>): void };

/** Takes requests through the phases of their surface until one replies or takes over; whatever is thrown becomes an answer and is settled. */
export function createRunner<T extends Target>({
  phases,
  settle,
  onStarted,
  logger,
}: {
  phases: readonly Phase<T>[];
  settle: Settle<T>;
  onStarted(): void;
  logger: Logger;
}): Runner<T> {
  function runFrom(index: number, exchange: Exchange<T>): void {
    let at = index;
    try {
      for (; at < phases.length; at++) {
        const phase = phases[at] as Phase<T>;
        const step = phase.run(exchange, resume);
        if (step === later) {
          exchange.waitingAt = at;
          return;
        }
        if (step instanceof Promise) return void wait(step, at, exchange);
        if (step.kind === "next") continue;
        if (step.kind === "reply") finish(exchange, step.reply);
        return;
      }
    } catch (error) {
      fail(exchange, error, phases[at]?.name ?? "");
    }
  }

  function resume(exchange: Exchange<T>, step: Step): void {
    const at = exchange.waitingAt;
    if (at < 0) return;
    exchange.waitingAt = -1;
    goOn(exchange, at, step);
  }

  async function wait(pending: Promise<Step>, at: number, exchange: Exchange<T>): Promise<void> {
    let step: Step;
    try {
      step = await pending;
    } catch (error) {
      return fail(exchange, error, phases[at]?.name ?? "");
    }
    goOn(exchange, at, step);
  }

  function goOn(exchange: Exchange<T>, at: number, step: Step): void {
    // The client may have left in the meantime; nothing more is done in its name.
    if (exchange.settled) return;
    if (step.kind === "next") runFrom(at + 1, exchange);
    else if (step.kind === "reply") finish(exchange, step.reply);
  }

  function finish(exchange: Exchange<T>, reply: Reply): void {
    exchange.statusCode = reply.status;
    sendReply(exchange.res, exchange.requestId, reply);
    exchange.responseBytes += reply.body.length;
    settle(exchange, reply);
  }

  function fail(exchange: Exchange<T>, error: unknown, phase: string) {
    const reason = error instanceof AppError ? error.code : "";
    if (error instanceof AppError && isGatewayReason(reason)) {
      const { status, message } = error;
      if (!isPluginFailure(error)) return finish(exchange, refuse({ status, reason, message }).reply);
      logger.error("a plugin stopped a request", { requestId: exchange.requestId, phase, code: reason, error: message });
      return finish(exchange, refuse(pluginFailure(error, reason, exchange.requestId)).reply);
    }
    logger.error("a request failed by a fault of the gateway", { requestId: exchange.requestId, phase, error });
    if (exchange.res.headersSent) {
      exchange.res.destroy();
      settle(exchange, { outcome: "failed", reason: "internal" });
      exchange.upstream?.abort(new Error("the gateway failed"));
      return;
    }
    finish(exchange, refuse({ status: 500, reason: "internal", message: `Internal error (request ${exchange.requestId})` }).reply);
  }

  return {
    start(exchange) {
      onStarted();
      exchange.res.on("close", () => {
        if (exchange.settled) return;
        // Settled first: stopping the upstream looks like its failure.
        settle(exchange, { outcome: "aborted", reason: "client_closed" });
        exchange.upstream?.abort(new Error("the client left"));
      });
      runFrom(0, exchange);
    },
  };
}
