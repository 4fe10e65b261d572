/** A process that hosts one plugin, which runs the commands given; prints its process id and the folder of the sockets, and waits to be killed. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { createLogger } from "@portico/core/logger";
import { createPluginHost } from "../src/index.ts";

const host = createPluginHost({ runtime: "gateway", logger: createLogger({ level: "error" }), services: () => [] });
const command = fileURLToPath(new URL("fixture-plugin.ts", import.meta.url));
await host.reconcile([{ id: 1, name: "One", slug: "one", command, checksum: "", config: {}, generation: 1 }]);
const ask = async (method: string, payload = "") =>
  (await host.require(1).call("call", { method, payload, serviceBrokerId: 1 }, { timeoutMs: 15_000 })).data;
for (const command of process.argv.slice(2)) await ask("child", command);
const env = JSON.parse(await ask("env")) as Record<string, string>;
process.stdout.write(`${JSON.stringify({ pid: host.status(1)?.pid, folder: dirname(dirname(env.PLUGIN_UNIX_SOCKET_DIR ?? "")) })}\n`);
