import { messageOf, type NanoUsd, sleep } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import { isUnimplemented, type PluginHost, type PluginUnaryMethods, type RunningPlugin } from "@portico/plugin-host";
import type { AnalyticsRequest, BudgetUsageRequest, PluginContext, ProxyLogRequest } from "@portico/protocol/plugin";
import type { Ledger } from "../budget/ledger.ts";
import type { RoutingTable } from "../config/routing-table.ts";
import type { LlmExchange } from "../pipeline/llm-call.ts";
import type { CallFacts } from "../pipeline/settle.ts";
import { budgetStatus } from "./service-shapes.ts";

/** Gives plugins with the hook `data_collection` what calls of LLMs carried, used and cost. Nothing waits for them. */
export type DataCollection = {
  /** Whether a plugin collects, so that bodies must be kept until the call is settled. */
  isWanted(table: RoutingTable): boolean;
  /** Takes a call that has been sent to its vendor and is settled. */
  collect(exchange: LlmExchange, facts: CallFacts): void;
  /** Settles when everything is delivered, or after the time. */
  drain(timeoutMs: number): Promise<void>;
};

type Collecting = Pick<PluginUnaryMethods, "handleProxyLog" | "handleAnalytics" | "handleBudgetUsage">;
type Records = { proxyLog: ProxyLogRequest; analytics: AnalyticsRequest; budgetUsage: BudgetUsageRequest; bytes: number };

const callTimeoutMs = 30_000;
const callsAtOnce = 4;
/** Of each plugin; what comes when it is full is not collected. */
const mostRecords = 1_000;
const mostBytes = 32 * 1024 * 1024;
const reportEveryMs = 60_000;

export function createDataCollection({
  host,
  ledger,
  pluginBytes,
  pluginStartWaitMs,
  logger,
}: {
  host: Pick<PluginHost, "get" | "whenReady">;
  ledger: Pick<Ledger, "position">;
  pluginBytes: number;
  pluginStartWaitMs: number;
  logger: Logger;
}): DataCollection {
  const queues = new Map<number, Queue>();
  const collectors = new WeakMap<RoutingTable["plugins"], readonly { id: number; name: string }[]>();

  function collectorsOf({ plugins }: RoutingTable): readonly { id: number; name: string }[] {
    let found = collectors.get(plugins);
    if (!found) {
      found = [...plugins.values()].filter(({ hookTypes }) => hookTypes.includes("data_collection"));
      collectors.set(plugins, found);
      for (const id of queues.keys()) if (!plugins.has(id)) queues.delete(id);
    }
    return found;
  }

  function queueOf(id: number, name: string): Queue {
    let queue = queues.get(id);
    if (!queue) {
      const process = async () => host.get(id) ?? (await host.whenReady(id, { timeoutMs: pluginStartWaitMs }));
      queue = new Queue({ name, process, logger });
      queues.set(id, queue);
    }
    return queue;
  }

  return {
    isWanted: (table) => collectorsOf(table).length > 0,
    collect(exchange, facts) {
      const plugins = collectorsOf(exchange.table);
      if (plugins.length === 0) return;
      const records = recordsOf(exchange, facts, { ledger, pluginBytes });
      for (const { id, name } of plugins) queueOf(id, name).add(records);
    },
    async drain(timeoutMs) {
      const untilMs = performance.now() + timeoutMs;
      while ([...queues.values()].some((queue) => !queue.isEmpty) && performance.now() < untilMs) await sleep(20);
    },
  };
}

/** Records that wait for one plugin, oldest first. */
class Queue {
  readonly #name: string;
  readonly #process: () => Promise<RunningPlugin>;
  readonly #logger: Logger;
  readonly #waiting: Records[] = [];
  /** Rpcs that a process has said it does not have. */
  readonly #absent = new WeakMap<RunningPlugin, Set<keyof Collecting>>();
  #bytes = 0;
  #inFlight = 0;
  #failed = 0;
  #reportedMs = Number.NEGATIVE_INFINITY;

  constructor({ name, process, logger }: { name: string; process: () => Promise<RunningPlugin>; logger: Logger }) {
    this.#name = name;
    this.#process = process;
    this.#logger = logger;
  }

  get isEmpty(): boolean {
    return this.#inFlight === 0 && this.#waiting.length === 0;
  }

  add(records: Records): void {
    if (this.#waiting.length >= mostRecords || this.#bytes + records.bytes > mostBytes) {
      this.#fail(new Error("It does not keep up: too many records are waiting for it."));
      return;
    }
    this.#waiting.push(records);
    this.#bytes += records.bytes;
    this.#pump();
  }

  #pump(): void {
    while (this.#inFlight < callsAtOnce) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#bytes -= next.bytes;
      this.#inFlight++;
      this.#deliver(next)
        .catch((error: unknown) => this.#fail(error))
        .finally(() => {
          this.#inFlight--;
          this.#pump();
        });
    }
  }

  async #deliver({ proxyLog, analytics, budgetUsage }: Records): Promise<void> {
    const plugin = await this.#process();
    await this.#call(plugin, "handleProxyLog", proxyLog);
    await this.#call(plugin, "handleBudgetUsage", budgetUsage);
    await this.#call(plugin, "handleAnalytics", analytics);
  }

  async #call<M extends keyof Collecting>(plugin: RunningPlugin, method: M, request: Collecting[M]["request"]): Promise<void> {
    if (this.#absent.get(plugin)?.has(method)) return;
    try {
      const { success, errorMessage } = await plugin.call(method, request, { timeoutMs: callTimeoutMs });
      if (!success) this.#fail(new Error(errorMessage || "It did not say why."));
    } catch (error) {
      if (!isUnimplemented(error)) throw error;
      const absent = this.#absent.get(plugin) ?? new Set();
      this.#absent.set(plugin, absent.add(method));
    }
  }

  /** Says so now and then: a plugin that fails does so for every call. */
  #fail(error: unknown): void {
    this.#failed++;
    const nowMs = performance.now();
    if (nowMs - this.#reportedMs < reportEveryMs) return;
    this.#reportedMs = nowMs;
    this.#logger.warn("a plugin does not collect the data of calls", {
      plugin: this.#name,
      failures: this.#failed,
      error: messageOf(error),
    });
  }
}

const emptyBody = Buffer.alloc(0);
/** Dollars x 10,000: what collectors are told costs in. */
const collectedCost = (nanoUsd: NanoUsd): number => nanoUsd / 100_000;

function recordsOf(
  exchange: LlmExchange,
  { tokens, costNanoUsd, model }: CallFacts,
  { ledger, pluginBytes }: { ledger: Pick<Ledger, "position">; pluginBytes: number },
): Records {
  const { app, userId, requestId, target } = exchange;
  const { llm } = target;
  const appId = app?.id ?? 0;
  const llmId = llm?.id ?? 0;
  const vendor = llm?.vendor.id ?? "";
  const timestamp = Math.floor(exchange.startedAtMs / 1000);
  const cost = collectedCost(costNanoUsd);
  const context: PluginContext = {
    requestId,
    vendor,
    llmId,
    llmSlug: llm?.slug ?? "",
    appId,
    userId,
    metadata: {},
    traceContext: {},
  };
  const common = { appId, timestamp, requestId, context };
  // A message has a largest size, and half a body is of no use: the one that does not fit is left out.
  const responseBody = fitting(exchange.answer?.all(), pluginBytes);
  const requestBody = fitting(exchange.body, pluginBytes - responseBody.length);
  const totalTokens = tokens.prompt + tokens.response + tokens.cacheWrite + tokens.cacheRead;
  const period = budgetStatus({
    appId,
    llmId,
    budget: app?.budget ?? null,
    position: ledger.position("app", appId, app?.budget ?? null),
  });
  return {
    bytes: requestBody.length + responseBody.length,
    proxyLog: { ...common, userId, vendor, requestBody, responseBody, responseCode: exchange.statusCode },
    analytics: {
      ...common,
      userId,
      llmId,
      vendor,
      modelName: model,
      promptTokens: tokens.prompt,
      responseTokens: tokens.response,
      cacheWritePromptTokens: tokens.cacheWrite,
      cacheReadPromptTokens: tokens.cacheRead,
      totalTokens,
      cost,
      currency: "USD",
      toolCalls: 0,
      choices: exchange.statusCode < 400 ? 1 : 0,
    },
    budgetUsage: {
      ...common,
      llmId,
      tokensUsed: totalTokens,
      cost,
      requestsCount: 1,
      promptTokens: tokens.prompt,
      completionTokens: tokens.response,
      periodStart: period.periodStart,
      periodEnd: period.periodEnd - 1,
    },
  };
}

const fitting = (body: Buffer | undefined, mostBytes: number): Buffer => (body && body.length <= mostBytes ? body : emptyBody);
