import type { PluginRuntime } from "@portico/protocol";
import type { PluginEvent } from "../context.ts";
import type { Plugin } from "../define.ts";
import { createPluginHandlers } from "../service/index.ts";
import type { CallInfo, PluginHandlers } from "../service/types.ts";
import { createKv, createPluginLogger, type HostServices } from "../services.ts";
import { configStrings, createDriver, type Invoke, type PluginDriver } from "./driver.ts";
import { createTestKv, type TestKv } from "./kv.ts";

/** A plugin in this process, initialized, with its fakes. */
export type TestedPlugin = PluginDriver & {
  kv: TestKv;
  /** Every line the plugin logged. */
  logs: string[];
  /** Every event it published. */
  published: { topic: string; payload: unknown; direction: string }[];
  /** Delivers an event to its subscriptions. */
  emit(topic: string, payload: unknown): Promise<void>;
  /** The handlers themselves, for streams. */
  handlers: PluginHandlers;
  close(): Promise<void>;
};

/** Fakes for a test: data in memory, logs and events in arrays. Service API clients may be given by the test. */
function createFakes(kv: TestKv, given: Pick<Partial<HostServices>, "studio" | "gateway">) {
  const logs: string[] = [];
  const published: TestedPlugin["published"] = [];
  const subscribers = new Set<{ topic: string; handler: (event: PluginEvent) => void | Promise<void> }>();
  const publish = async (topic: string, payload: unknown, direction = "local") => void published.push({ topic, payload, direction });
  const services: HostServices = {
    kv: createKv(kv),
    logger: createPluginLogger((line) => logs.push(line.trimEnd())),
    events: {
      publish,
      publishLocal: (topic, payload) => publish(topic, payload, "local"),
      publishUp: (topic, payload) => publish(topic, payload, "up"),
      publishDown: (topic, payload) => publish(topic, payload, "down"),
      subscribe(topic, handler) {
        const subscriber = { topic, handler };
        subscribers.add(subscriber);
        return { close: () => void subscribers.delete(subscriber) };
      },
    },
    studio: given.studio ?? null,
    gateway: given.gateway ?? null,
    useBroker() {},
    close: async () => subscribers.clear(),
  };
  const emit = async (topic: string, payload: unknown) => {
    const bytes = Buffer.from(JSON.stringify(payload));
    const event: PluginEvent = {
      id: crypto.randomUUID(),
      topic,
      origin: "test",
      direction: "local",
      payload: bytes,
      json: <T>() => payload as T,
    };
    await Promise.all([...subscribers].filter((s) => s.topic === topic || s.topic === "*").map((s) => s.handler(event)));
  };
  return { services, logs, published, emit };
}

/**
 * Initializes a plugin in this process, with services made of memory. Throws what Initialize would report.
 * @param options.config settings, as stored in the control plane.
 */
export async function testPlugin<Config>(
  plugin: Plugin<Config>,
  {
    config = {},
    runtime = "studio",
    kv = createTestKv(),
    studio,
    gateway,
  }: { config?: Record<string, unknown>; runtime?: PluginRuntime; kv?: TestKv } & Pick<Partial<HostServices>, "studio" | "gateway"> = {},
): Promise<TestedPlugin> {
  const fakes = createFakes(kv, { studio: studio ?? null, gateway: gateway ?? null });
  const handlers = createPluginHandlers({ definition: plugin.definition, runtime, createServices: () => fakes.services });
  const call: CallInfo = { signal: new AbortController().signal };
  const invoke: Invoke = async (method, request) => {
    const handle = handlers[method] as (request: unknown, call: CallInfo) => Promise<never>;
    return handle(request, call);
  };
  const started = await handlers.initialize({ config: { plugin_id: "1", ...configStrings(config) } }, call);
  if (!started.success) throw new Error(started.errorMessage);
  return {
    ...createDriver(invoke),
    kv,
    handlers,
    logs: fakes.logs,
    published: fakes.published,
    emit: fakes.emit,
    close: async () => void (await handlers.shutdown({ timeoutSeconds: 1 }, call)),
  };
}
