/** A process that hosts one plugin, which has a child of its own; prints both process ids and the folder of the sockets, and waits to be killed. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { createLogger } from "@portico/core/logger";
import { createPluginHost } from "../src/index.ts";

const host = createPluginHost({ runtime: "gateway", logger: createLogger({ level: "error" }), services: () => [] });
const command = fileURLToPath(new URL("fixture-plugin.ts", import.meta.url));
await host.reconcile([{ id: 1, name: "One", slug: "one", command, checksum: "", config: {}, generation: 1 }]);
const ask = async (method: string) =>
  (await host.require(1).call("call", { method, payload: "", serviceBrokerId: 1 }, { timeoutMs: 15_000 })).data;
const child = Number(await ask("child"));
const env = JSON.parse(await ask("env")) as Record<string, string>;
process.stdout.write(`${JSON.stringify({ pids: [host.status(1)?.pid, child], folder: dirname(env.PLUGIN_UNIX_SOCKET_DIR ?? "") })}\n`);
