import type { KeyObject } from "node:crypto";
import { messageOf } from "@portico/core";
import { runsUnattached } from "@portico/protocol";
import {
  AppConfig,
  LlmConfig,
  ModelPrice,
  PluginConfig,
  type RejectedResource,
  type Resource,
  type ResourceName,
  SystemCallKey,
} from "@portico/protocol/edge";
import { type ResourceRef, resourceHash, resourceKey, StateChecksum } from "@portico/protocol/resources";
import { ConfigRefused, compileApp, compileLlm, compilePlugin, compilePrices, systemCallKeyOf } from "./compile.ts";
import { CredentialIndex } from "./credential-index.ts";
import { createPriceList } from "./price-list.ts";
import type { App, GatewayPlugin, Llm, RoutingTable } from "./routing-table.ts";
import { ShardedMap } from "./sharded-map.ts";

/** Everything that the hub has sent, and the table that is made of it. Never changed: a change makes another, which shares the rest. */
export type ResourceState = {
  table: RoutingTable;
  /** By key: what the checksum is made of. */
  hashes: ShardedMap<string, Buffer>;
  sum: StateChecksum;
  llmConfigs: ReadonlyMap<number, LlmConfig>;
  /** Plugins that the served LLMs were compiled with. */
  chains: ReadonlyMap<number, readonly number[]>;
  plugins: ReadonlyMap<number, GatewayPlugin>;
  apps: ShardedMap<number, App>;
  credentials: CredentialIndex;
  prices: ReadonlyMap<string, ModelPrice>;
  /** What cannot be used, by key. */
  rejected: ReadonlyMap<string, RejectedResource>;
};

type Slice = () => Promise<void> | undefined;

/**
 * The next state in the making. What cannot be used is rejected with its reason; of it the former version stays, everything else is taken.
 * An LLM is not served without a plugin it needs: if that goes, so does the LLM.
 */
export class ResourceDraft {
  readonly #dataKey: Buffer;
  readonly #base: ResourceState | undefined;
  readonly #hashes;
  readonly #sum: StateChecksum;
  readonly #llmConfigs: Map<number, LlmConfig>;
  readonly #plugins: Map<number, GatewayPlugin>;
  readonly #apps;
  readonly #credentials;
  readonly #prices: Map<string, ModelPrice>;
  readonly #rejected: Map<string, RejectedResource>;
  readonly #dirtyLlms = new Set<number>();
  readonly #dirtyPlugins = new Set<number>();
  #systemCallKey: KeyObject | undefined;
  #changedApps = false;
  #changedPrices = false;

  /** @param base What is held now; undefined to begin with nothing. */
  constructor(base: ResourceState | undefined, dataKey: Buffer) {
    this.#base = base;
    this.#dataKey = dataKey;
    this.#hashes = (base?.hashes ?? new ShardedMap<string, Buffer>()).edit();
    this.#sum = base?.sum.copy() ?? new StateChecksum();
    this.#llmConfigs = new Map(base?.llmConfigs);
    this.#plugins = new Map(base?.plugins);
    this.#apps = (base?.apps ?? new ShardedMap<number, App>()).edit();
    this.#credentials = (base?.credentials ?? new CredentialIndex()).edit();
    this.#prices = new Map(base?.prices);
    this.#rejected = new Map(base?.rejected);
    this.#systemCallKey = base?.table.systemCallKey;
    for (const { type, name } of this.#rejected.values()) if (type === "llm") this.#dirtyLlms.add(Number(name));
  }

  set(resource: Resource): void {
    this.#note(resource, resourceHash(resource, resource.body));
    this.#attempt(resource, () => this.#use(resource));
  }

  remove(name: ResourceName): void {
    this.#note(name, undefined);
    // An object that has moved between what is shared and what is not is named twice.
    const isElsewhere = this.#hashes.get(resourceKey({ ...name, shared: !name.shared })) !== undefined;
    this.#attempt(name, () => this.#drop(name, isElsewhere));
  }

  checksum(): string {
    return String(this.#sum);
  }

  /** Compiles what has changed. The draft must not be used afterwards. */
  async finish({ version, checksum }: { version: number; checksum: string }, slice: Slice): Promise<ResourceState> {
    const base = this.#base;
    const { llms, chains } = await this.#compileLlms(slice);
    const llmsBySlug = this.#bySlug(llms);
    await slice();
    const attached = new Set([...chains.values()].flat());
    const apps = this.#apps.done();
    await slice();
    const credentials = this.#credentials.done();
    const systemApp = this.#changedApps || !base ? systemAppOf(apps) : base.table.systemApp;
    await slice();
    const prices = this.#changedPrices || !base ? compilePrices(this.#prices.values()) : base.table.prices;
    const appOf = (hash: string): App | undefined => {
      const id = credentials.appIdOf(hash);
      return id === undefined ? undefined : apps.get(id);
    };
    const table: RoutingTable = Object.freeze({
      version,
      checksum,
      llmsBySlug,
      llmsById: llms,
      appsById: apps,
      appsByCredential: { get: appOf, has: (hash: string) => appOf(hash) !== undefined },
      plugins: new Map([...this.#plugins].filter(([id, { hookTypes }]) => attached.has(id) || runsUnattached(hookTypes))),
      prices,
      priceList: prices === base?.table.prices ? base.table.priceList : createPriceList(prices),
      systemApp,
      systemCallKey: this.#systemCallKey,
    });
    return {
      table,
      hashes: this.#hashes.done(),
      sum: this.#sum,
      llmConfigs: this.#llmConfigs,
      chains,
      plugins: this.#plugins,
      apps,
      credentials,
      prices: this.#prices,
      rejected: this.#rejected,
    };
  }

  #note(ref: ResourceRef, hash: Buffer | undefined): void {
    const key = resourceKey(ref);
    const before = this.#hashes.get(key);
    if (before) this.#sum.remove(before);
    if (hash) {
      this.#sum.add(hash);
      this.#hashes.set(key, hash);
    } else this.#hashes.delete(key);
  }

  #attempt(ref: ResourceRef, step: () => void): void {
    const key = resourceKey(ref);
    this.#rejected.delete(key);
    try {
      step();
    } catch (error) {
      this.#rejected.set(key, { type: ref.type, name: ref.name, reason: messageOf(error) });
    }
  }

  #use(resource: Resource): void {
    const { type, body } = resource;
    if (type === "llm") {
      const config = LlmConfig.decode(body);
      this.#llmConfigs.set(config.id, config);
      this.#dirtyLlms.add(config.id);
    } else if (type === "plugin") {
      const plugin = compilePlugin(PluginConfig.decode(body), this.#dataKey);
      this.#plugins.set(plugin.id, plugin);
      this.#dirtyPlugins.add(plugin.id);
    } else if (type === "app") {
      const app = compileApp(AppConfig.decode(body));
      this.#apps.set(app.id, app);
      this.#changedApps = true;
    } else if (type === "credentials") this.#credentials.set(resource);
    else if (type === "price") {
      this.#prices.set(resource.name, ModelPrice.decode(body));
      this.#changedPrices = true;
    } else if (type === "system_call_key") this.#systemCallKey = systemCallKeyOf(SystemCallKey.decode(body).publicKey);
  }

  #drop(ref: ResourceName, isElsewhere: boolean): void {
    const { type, name } = ref;
    const id = Number(name);
    if (type === "credentials") this.#credentials.remove(ref);
    else if (isElsewhere) return;
    else if (type === "llm") {
      this.#llmConfigs.delete(id);
      this.#dirtyLlms.add(id);
    } else if (type === "plugin") {
      this.#plugins.delete(id);
      this.#dirtyPlugins.add(id);
    } else if (type === "app") {
      this.#apps.delete(id);
      this.#changedApps = true;
    } else if (type === "price") {
      this.#prices.delete(name);
      this.#changedPrices = true;
    } else if (type === "system_call_key") this.#systemCallKey = undefined;
  }

  async #compileLlms(slice: Slice): Promise<{ llms: Map<number, Llm>; chains: Map<number, readonly number[]> }> {
    const llms = new Map(this.#base?.table.llmsById);
    const chains = new Map(this.#base?.chains);
    const isDirty = (pluginId: number) => this.#dirtyPlugins.has(pluginId);
    if (this.#dirtyPlugins.size > 0) for (const [id, chain] of chains) if (chain.some(isDirty)) this.#dirtyLlms.add(id);
    for (const id of this.#dirtyLlms) {
      const config = this.#llmConfigs.get(id);
      if (!config) {
        llms.delete(id);
        chains.delete(id);
        this.#rejected.delete(llmKey(id));
        continue;
      }
      this.#attempt(llmRef(id), () => {
        const isFormerUsable = chains.get(id)?.every((pluginId) => this.#plugins.has(pluginId));
        if (!isFormerUsable) llms.delete(id);
        llms.set(id, compileLlm(config, { dataKey: this.#dataKey, plugins: this.#plugins }));
        chains.set(
          id,
          config.plugins.map(({ pluginId }) => pluginId),
        );
      });
      await slice();
    }
    for (const id of chains.keys()) if (!llms.has(id)) chains.delete(id);
    return { llms, chains };
  }

  /** Of two LLMs with one slug the one that was rejected, with its former slug, or the later one is not served. */
  #bySlug(llms: Map<number, Llm>): Map<string, Llm> {
    const bySlug = new Map<string, Llm>();
    const isCurrent = ({ id }: Llm) => !this.#rejected.has(llmKey(id));
    const ordered = [...llms.values()].sort((a, b) => Number(isCurrent(b)) - Number(isCurrent(a)) || a.id - b.id);
    for (const llm of ordered) {
      const other = bySlug.get(llm.slug);
      if (!other) {
        bySlug.set(llm.slug, llm);
        continue;
      }
      llms.delete(llm.id);
      const reason = `LLMs ${other.id} and ${llm.id} have the same slug "${llm.slug}"`;
      this.#attempt(llmRef(llm.id), () => {
        throw new ConfigRefused(reason);
      });
    }
    return bySlug;
  }
}

/** LLMs are always a namespace's own: their keys are sealed for it. */
const llmRef = (id: number): ResourceRef => ({ type: "llm", name: String(id), shared: false });
const llmKey = (id: number): string => resourceKey(llmRef(id));

function systemAppOf(apps: ShardedMap<number, App>): App | undefined {
  for (const app of apps.values()) if (app.system && app.active) return app;
  return undefined;
}
