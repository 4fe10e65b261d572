import { fileURLToPath } from "node:url";
import { createLogger } from "@portico/core/logger";
import { createPluginHost, type PluginSpec } from "@portico/plugin-host";
import { EnrichedRequest } from "@portico/protocol/plugin";
import { expect, onTestFinished, test, vi } from "vitest";
import { DirectConnection } from "../packages/plugin-host/src/direct-connection.ts";
import { Http2Connection } from "../packages/plugin-host/src/http2/connection.ts";

const ours = fileURLToPath(new URL("sdk-plugin.ts", import.meta.url));
/** Writes its handshake itself and without the field for direct calls, like our SDK before it had them. */
const others = fileURLToPath(new URL("../packages/plugin-host/test/fixture-plugin.ts", import.meta.url));

const aSpec = (id: number, path: string, generation = 1): PluginSpec => ({
  id,
  name: `Plugin ${id}`,
  slug: `plugin-${id}`,
  command: `file://${path}`,
  checksum: "",
  config: {},
  generation,
});

test("host and SDK choose direct calls, before and after a reload, and a plugin that does not offer them is called over HTTP/2", async () => {
  const direct = vi.spyOn(DirectConnection.prototype, "send");
  const http2 = vi.spyOn(Http2Connection.prototype, "send");
  const host = createPluginHost({ runtime: "gateway", logger: createLogger({ level: "error" }), services: () => [] });
  onTestFinished(() => host.close());
  const enriched = () =>
    host.require(1).call("processPostAuth", EnrichedRequest.fromPartial({ request: { context: { appId: 7 } } }), { timeoutMs: 20_000 });

  await host.reconcile([aSpec(1, ours)]);
  expect(await enriched()).toMatchObject({ modified: true });
  await host.reconcile([aSpec(1, ours, 2)]);
  expect(await enriched()).toMatchObject({ modified: true });
  expect(direct).toHaveBeenCalled();
  expect(http2).not.toHaveBeenCalled();

  await host.reconcile([aSpec(1, ours, 2), aSpec(2, others)]);
  direct.mockClear();
  const answer = await host.require(2).call("call", { method: "echo", payload: "hello", serviceBrokerId: 1 }, { timeoutMs: 20_000 });
  expect(answer).toMatchObject({ success: true, data: "hello" });
  expect(direct).not.toHaveBeenCalled();
  expect(http2).toHaveBeenCalled();
});
