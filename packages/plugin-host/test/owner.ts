/** A process that hosts one plugin, which has a child of its own; prints both process ids and waits to be killed. */
import { fileURLToPath } from "node:url";
import { createLogger } from "@portico/core/logger";
import { createPluginHost } from "../src/index.ts";

const host = createPluginHost({ runtime: "gateway", logger: createLogger({ level: "error" }), services: () => [] });
const command = fileURLToPath(new URL("fixture-plugin.ts", import.meta.url));
await host.reconcile([{ id: 1, name: "One", slug: "one", command, checksum: "", config: {}, generation: 1 }]);
const child = await host.require(1).call("call", { method: "child", payload: "", serviceBrokerId: 1 }, { timeoutMs: 5_000 });
process.stdout.write(`${JSON.stringify([host.status(1)?.pid, Number(child.data)])}\n`);
