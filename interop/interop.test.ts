import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createLogger } from "@portico/core/logger";
import { createPluginHost, type GrpcService, type PluginHost } from "@portico/plugin-host";
import {
  MicrogatewayManagementServiceService,
  type ReadPluginKVRequest,
  type WritePluginKVRequest,
} from "@portico/protocol/gateway-management";
import { EnrichedRequest } from "@portico/protocol/plugin";
import { PluginEventServiceService, type PublishRequest } from "@portico/protocol/plugin-events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const run = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));
const hasGo = spawnSync("go", ["version"]).status === 0;

type Answer = (error: object | null, value?: object) => void;

describe.skipIf(!hasGo)(
  hasGo ? "with programs on the real go-plugin library" : "skipped: Go is not installed, so go-plugin cannot be built",
  () => {
    let bin: string;
    beforeAll(async () => {
      bin = await mkdtemp(join(tmpdir(), "interop-"));
      await run("go", ["build", "-trimpath", "-o", `${bin}/`, "./goplugin", "./gohost"], { cwd: here });
    }, 300_000);
    afterAll(() => rm(bin, { recursive: true, force: true }));

    describe("our host and a Go plugin", () => {
      const stored = new Map<string, Buffer>();
      const published: (PublishRequest & { by: number })[] = [];
      const services = (pluginId: number): GrpcService[] => [
        {
          definition: MicrogatewayManagementServiceService,
          implementation: {
            writePluginKv: ({ request }: { request: WritePluginKVRequest }, answer: Answer) => {
              answer(null, { created: !stored.has(request.key) });
              stored.set(request.key, request.value);
            },
            readPluginKv: ({ request }: { request: ReadPluginKVRequest }, answer: Answer) =>
              answer(null, { value: stored.get(request.key) }),
          },
        },
        {
          definition: PluginEventServiceService,
          implementation: {
            publish: ({ request }: { request: PublishRequest }, answer: Answer) => {
              published.push({ ...request, by: pluginId });
              answer(null, { success: true, errorMessage: "", eventId: "event-9" });
            },
            subscribe: (stream: { request: { topic: string }; write(event: object): void; end(): void }) => {
              stream.write({ id: "1", topic: stream.request.topic, origin: "test", direction: 0, payload: Buffer.from("news") });
              stream.end();
            },
          },
        },
      ];
      let host: PluginHost;
      beforeAll(async () => {
        host = createPluginHost({
          runtime: "gateway",
          logger: createLogger({ level: "error" }),
          services,
          timings: { exitGraceMs: 10_000 },
        });
        await host.reconcile([
          { id: 7, name: "Go", slug: "go", command: `${bin}/goplugin`, checksum: "", config: { size: 1_000_000 }, generation: 1 },
        ]);
      });
      afterAll(() => host.close());
      const ask = async (method: string, payload = "") => {
        const answer = await host
          .require(7)
          .call("call", { method, payload, serviceBrokerId: host.require(7).brokerId }, { timeoutMs: 10_000 });
        if (!answer.success) throw new Error(answer.errorMessage);
        return answer.data;
      };

      test("it is initialized, holds a session, and its two outputs reach the log", async () => {
        expect(host.status(7)).toMatchObject({ state: "healthy", error: "" });
        await expect
          .poll(async () => JSON.parse(await ask("state")), { timeout: 10_000 })
          .toMatchObject({
            config: { size: "1000000", _plugin_id: "7", _service_broker_id: "1" },
            sessions: 1,
            runtime: "gateway",
          });
        await expect
          .poll(() => host.logs(7).map(({ stream, level, text }) => `${stream} ${level} ${text}`), { timeout: 10_000 })
          .toEqual(expect.arrayContaining(["stderr info initialized plugin=7", "stdout debug a line on stdout"]));
      });

      test("its first use of the host's services works long after the library forgot the first announcement", async () => {
        await new Promise((resolve) => setTimeout(resolve, 6_000));
        expect(await ask("write", "color=red")).toBe("true");
        expect(await ask("write", "color=red")).toBe("false");
        expect(await ask("read", "color")).toBe("red");
        expect(await ask("publish", "hello")).toBe("event-9");
        expect(published).toMatchObject([{ topic: "interop.said", direction: 1, by: 7 }]);
        expect(await ask("subscribe", "news")).toBe("news");
      });

      test("it takes part in a request, and its errors arrive as errors", async () => {
        const request = EnrichedRequest.fromPartial({ request: { body: Buffer.from("body") }, appId: "5", authenticated: true });
        const answer = await host.require(7).call("processPostAuth", request, { timeoutMs: 5_000 });
        expect(answer).toMatchObject({ modified: true, headers: { "X-App": "5" }, body: Buffer.from("body!") });
        await expect(ask("fail")).rejects.toThrow("asked to fail");
        await expect(host.require(7).call("getEndpointRegistrations", {}, { timeoutMs: 5_000 })).rejects.toMatchObject({
          meta: { grpcCode: 12 },
        });
      });

      test("its manifest and schema are read without initializing it", async () => {
        const { manifest, configSchema } = await host.inspect(`${bin}/goplugin`);
        expect(JSON.parse(manifest)).toMatchObject({ id: "org.portico.interop" });
        expect(configSchema).toBe('{"type":"object"}');
      });

      test("it says goodbye in order and leaves quickly", async () => {
        const before = performance.now();
        await host.reconcile([]);
        expect(performance.now() - before).toBeLessThan(9_000);
        expect(host.logs(7).map(({ text }) => text)).toEqual(expect.arrayContaining(["session closed", "shutting down"]));
        expect(host.status(7)?.state).toBe("stopped");
      });
    });

    describe("a Go host and a TypeScript plugin", () => {
      const visit = async (plugin: string, calls: { method: string; payload: string }[], config: Record<string, string> = {}) => {
        const env = {
          ...process.env,
          PLUGIN_RUNTIME: "gateway",
          GOHOST_CALLS: JSON.stringify(calls),
          GOHOST_CONFIG: JSON.stringify(config),
        };
        const { stdout } = await run(`${bin}/gohost`, [fileURLToPath(new URL(plugin, import.meta.url))], { env, timeout: 60_000 });
        return JSON.parse(stdout);
      };
      const wholeLife = {
        initialize: true,
        healthy: true,
        closeSession: true,
        sessionEnd: "EXPLICIT_CLOSE",
        shutdown: true,
        leftByItself: true,
      };

      test("an SDK plugin lives a whole life, uses the brokered store and publishes", async () => {
        const seen = await visit("sdk-plugin.ts", [
          { method: "note.set", payload: '{"text":"hi"}' },
          { method: "note.get", payload: "{}" },
          { method: "note.announce", payload: '{"text":"hi"}' },
          { method: "nope", payload: "{}" },
        ]);
        expect(seen).toMatchObject({
          ...wholeLife,
          calls: [
            { success: true, data: '{"created":true}' },
            { success: true, data: '{"text":"hi"}' },
            { success: true },
            { success: false, error: expect.stringContaining("nope") },
          ],
          stored: { note: '{"text":"hi"}' },
          published: ["interop.note"],
          postAuth: { modified: true, headers: { "X-App": "5" } },
          objectHook: { allow: false, reason: "must use HTTPS" },
        });
        expect(JSON.parse(seen.manifest)).toMatchObject({ id: "org.portico.interop-sdk" });
      });

      test("the request enricher changes the request of a Go host", async () => {
        const seen = await visit("../plugins/request-enricher/plugin.ts", [], { additional_instruction: "Be brief." });
        expect(seen).toMatchObject({ ...wholeLife, postAuth: { modified: true, headers: { "X-Portico-Enriched": "true" } } });
        expect(JSON.parse(seen.postAuth.body).messages[0].content).toContain("Be brief.");
      });
    });
  },
);
