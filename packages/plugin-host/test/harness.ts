import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { status } from "@grpc/grpc-js";
import { sleep } from "@portico/core";
import { createLogger } from "@portico/core/logger";
import {
  MicrogatewayManagementServiceService,
  type ReadPluginKVRequest,
  type WritePluginKVRequest,
} from "@portico/protocol/gateway-management";
import { onTestFinished } from "vitest";
import { createPluginHost, type GrpcService, type PluginHost, type PluginHostOptions, type PluginSpec } from "../src/index.ts";

export const fixturePath = fileURLToPath(new URL("fixture-plugin.ts", import.meta.url));

export const aSpec = (id: number, over: Partial<PluginSpec> = {}): PluginSpec => ({
  id,
  name: `Plugin ${id}`,
  slug: `plugin-${id}`,
  command: `file://${fixturePath}`,
  checksum: "",
  config: {},
  generation: 1,
  ...over,
});

/** A host that is closed when the test ends. */
export function aHost(options: Partial<PluginHostOptions> = {}): PluginHost {
  const host = createPluginHost({ runtime: "gateway", logger: createLogger({ level: "error" }), services: () => [], ...options });
  onTestFinished(() => host.close());
  return host;
}

/** An executable shell script, gone after the test. */
export async function aScript(body: string, interpreter = "/bin/sh"): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "script-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  // As an installed plugin would lie: readable by every user.
  await chmod(dir, 0o755);
  const path = join(dir, "plugin.sh");
  await writeFile(path, `#!${interpreter}\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

type Answer = (error: object | null, value?: object) => void;

/** A key-value service whose keys belong to the plugin the host says is calling. */
export function aStore(): { stored: Map<string, Buffer>; services: (pluginId: number) => GrpcService[] } {
  const stored = new Map<string, Buffer>();
  const services = (pluginId: number): GrpcService[] => [
    {
      definition: MicrogatewayManagementServiceService,
      implementation: {
        writePluginKv: ({ request }: { request: WritePluginKVRequest }, answer: Answer) => {
          const key = `${pluginId}/${request.key}`;
          answer(null, { created: !stored.has(key) });
          stored.set(key, request.value);
        },
        readPluginKv: ({ request }: { request: ReadPluginKVRequest }, answer: Answer) => {
          const value = stored.get(`${pluginId}/${request.key}`);
          if (value) answer(null, { value });
          else answer({ code: status.NOT_FOUND, details: `key not found: ${request.key}` });
        },
      },
    },
  ];
  return { stored, services };
}

export async function until(what: () => boolean, timeoutMs = 15_000): Promise<void> {
  const before = performance.now();
  while (!what()) {
    if (performance.now() - before > timeoutMs) throw new Error(`never came true: ${what}`);
    await sleep(20);
  }
}

let sleeps = 0;
/** A command that no other process of this machine runs. */
export function aSleep(): string {
  sleeps += 1;
  return `sleep 600.${process.pid}${sleeps}`;
}

/** Ids, as this process knows them, of those that run exactly this command. */
export function running(command: string): number[] {
  const lines = execFileSync("ps", ["-axo", "pid=,stat=,args="], { encoding: "utf8" }).split("\n");
  const found = lines.map((line) => /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? []);
  return found.filter(([, , stat, args]) => args === command && !stat?.startsWith("Z")).map(([, pid]) => Number(pid));
}

export const isAlive = (pid: number): boolean => {
  try {
    // A zombie still answers signal 0, yet nothing runs any more.
    return !execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).startsWith("Z");
  } catch {
    return false;
  }
};

export const ask = async (
  host: PluginHost,
  id: number,
  method: string,
  payload = "",
  timeoutMs = 15_000,
  maxBytes?: number,
): Promise<string> => {
  const answer = await host.require(id).call("call", { method, payload, serviceBrokerId: 1 }, { timeoutMs, maxBytes });
  if (!answer.success) throw new Error(answer.errorMessage);
  return answer.data;
};
