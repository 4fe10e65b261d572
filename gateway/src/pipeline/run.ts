import { AppError } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { Exchange } from "./exchange.ts";
import { later, type Reply, refuse, type Step, sendReply } from "./reply.ts";
import type { Settle } from "./settle.ts";

/** One step in the life of a request. Answers at once when it can: a promise costs every request a turn of the event loop. */
export type Phase = { name: string; run(exchange: Exchange, resume: Resume): Step | Promise<Step> };

/** Goes on with the phase after the one that answered `later`; does nothing when none has. */
export type Resume = (exchange: Exchange, step: Step) => void;

/** Takes a request through its phases until one replies or takes over; whatever is thrown becomes an answer and is settled. */
export function createRunner({ phases, settle, logger }: { phases: readonly Phase[]; settle: Settle; logger: Logger }) {
  function runFrom(index: number, exchange: Exchange): void {
    let at = index;
    try {
      for (; at < phases.length; at++) {
        const phase = phases[at] as Phase;
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

  function resume(exchange: Exchange, step: Step): void {
    const at = exchange.waitingAt;
    if (at < 0) return;
    exchange.waitingAt = -1;
    goOn(exchange, at, step);
  }

  async function wait(pending: Promise<Step>, at: number, exchange: Exchange): Promise<void> {
    let step: Step;
    try {
      step = await pending;
    } catch (error) {
      return fail(exchange, error, phases[at]?.name ?? "");
    }
    goOn(exchange, at, step);
  }

  function goOn(exchange: Exchange, at: number, step: Step): void {
    // The client may have left in the meantime; nothing more is done in its name.
    if (exchange.settled) return;
    if (step.kind === "next") runFrom(at + 1, exchange);
    else if (step.kind === "reply") finish(exchange, step.reply);
  }

  function finish(exchange: Exchange, reply: Reply): void {
    exchange.statusCode = reply.status;
    sendReply(exchange.res, exchange.requestId, reply);
    exchange.responseBytes += reply.body.length;
    settle(exchange, { outcome: reply.outcome, reason: reply.reason });
  }

  function fail(exchange: Exchange, error: unknown, phase: string) {
    if (error instanceof AppError) {
      const { status, code, message } = error;
      if (!isAboutPlugin(error)) return finish(exchange, refuse({ status, reason: code, message }).reply);
      // What a plugin says of its failure is for whoever runs it, and may hold anything.
      logger.error("a plugin stopped a request", { requestId: exchange.requestId, phase, code, error: message });
      const told = `A plugin of this LLM ${code === "plugin_timeout" ? "did not answer in time" : "failed"} (request ${exchange.requestId}).`;
      return finish(exchange, refuse({ status, reason: code, message: told }).reply);
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

  return { start: (exchange: Exchange) => runFrom(0, exchange), fail };
}

const isAboutPlugin = (error: AppError): boolean => error.meta?.plugin !== undefined || error.code.startsWith("plugin_");
