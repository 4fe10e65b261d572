import { runsUnattached } from "@portico/protocol";
import type { Snapshot } from "@portico/protocol/edge";
import { ConfigRefused, compileApp, compileLlm, compilePlugin, compilePrices, systemCallKeyOf } from "./compile.ts";
import { createPriceList } from "./price-list.ts";
import type { App, GatewayPlugin, Llm, RoutingTable } from "./routing-table.ts";

/** @throws ConfigRefused naming what is wrong; nothing is served from a snapshot that is wrong in part. */
export function compileTable(
  snapshot: Snapshot,
  { version, checksum, dataKey }: { version: number; checksum: string; dataKey: Buffer },
): RoutingTable {
  const attached = new Set(snapshot.llms.flatMap((llm) => llm.plugins.map((p) => p.pluginId)));
  const plugins = new Map<number, GatewayPlugin>();
  for (const config of snapshot.plugins) {
    if (plugins.has(config.id)) throw new ConfigRefused(`plugin ${config.id} appears twice`);
    if (attached.has(config.id) || runsUnattached(config.hookTypes)) plugins.set(config.id, compilePlugin(config, dataKey));
  }

  const llmsBySlug = new Map<string, Llm>();
  const llmsById = new Map<number, Llm>();
  for (const config of snapshot.llms) {
    const llm = compileLlm(config, { dataKey, plugins });
    if (llmsById.has(llm.id)) throw new ConfigRefused(`LLM ${llm.id} appears twice`);
    const other = llmsBySlug.get(llm.slug);
    if (other) throw new ConfigRefused(`LLMs ${other.id} and ${llm.id} have the same slug "${llm.slug}"`);
    llmsById.set(llm.id, llm);
    llmsBySlug.set(llm.slug, llm);
  }

  const appsById = new Map<number, App>();
  const appsByCredential = new Map<string, App>();
  for (const config of snapshot.apps) {
    if (appsById.has(config.id)) throw new ConfigRefused(`app ${config.id} appears twice`);
    const app = compileApp(config);
    appsById.set(app.id, app);
    for (const hash of config.credentialHashes) {
      if (!/^[0-9a-f]{64}$/.test(hash)) throw new ConfigRefused(`app ${app.id} has a credential hash that is not a SHA-256`);
      if (appsByCredential.has(hash)) throw new ConfigRefused(`a credential of app ${app.id} belongs to another app too`);
      appsByCredential.set(hash, app);
    }
  }

  const prices = compilePrices(snapshot.prices);
  return Object.freeze({
    version,
    checksum,
    llmsBySlug,
    llmsById,
    appsById,
    appsByCredential,
    plugins,
    prices,
    priceList: createPriceList(prices),
    systemApp: [...appsById.values()].find((app) => app.system && app.active),
    systemCallKey: systemCallKeyOf(snapshot.systemCallKey),
  });
}
