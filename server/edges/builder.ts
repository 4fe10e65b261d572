import { coalesced, serial, timeSlices } from "@portico/core/concurrency";
import type { Logger } from "@portico/core/logger";
import { CredentialBucket, SystemCallKey } from "@portico/protocol/edge";
import { resourceHash, StateChecksum } from "@portico/protocol/resources";
import { publicSystemCallKey } from "@portico/protocol/system-calls";
import { createSecretResolver, type SecretEnvironment, secretNamesIn } from "../secrets/values.ts";
import type { Vault } from "../secrets/vault.ts";
import {
  type BuilderStore,
  type BuilderTransaction,
  type Change,
  type ChangedResource,
  type StoredPosition,
  type StoredResource,
  sharedNamespace,
} from "./builder-store.ts";
import { createNamespaceEncoder, type EncodedResource, encodeApp, encodePrice, type ResourceType } from "./resources.ts";

/**
 * Raise it when equal rows are encoded differently than before. Of several releases at work on one database the one with the highest
 * revision builds, so that they do not overwrite each other's resources.
 */
export const encodingRevision = 3;

/** Kinds of change that revocations may wait for: replicas have to look even if no resource changed. */
const revocable = ["credentials", "app", "llm"] as const;

/** During a long build replicas pass on what is there this often. */
const announceMs = 2_000;
/** Changes that are built in one transaction. */
const changesAtOnce = 500;

export type BuilderCounts = { read: number; encoded: number; written: number };

export type Builder = {
  /** Builds in a moment, with whatever else has changed until then. */
  request(delayMs?: number): void;
  /** Builds what has changed so far. @throws when it cannot. */
  build(): Promise<void>;
  /** Gives the namespace a version above this one. */
  raise(namespace: string, above: number): Promise<void>;
  /** Key of the namespace's sealed fields. */
  dataKey(namespace: string): Promise<Buffer>;
  /** What was done since the start. */
  counts(): BuilderCounts;
  close(): Promise<void>;
};

export function createBuilder({
  store,
  vault,
  secretEnvironment = new Map(),
  logger,
  revision = encodingRevision,
  release = `encoding ${revision}`,
  timings: { coalesceMs, retryMs },
}: {
  store: BuilderStore;
  vault: Vault;
  /** What `$ENV/NAME` may refer to. */
  secretEnvironment?: SecretEnvironment;
  logger: Logger;
  revision?: number;
  release?: string;
  timings: { coalesceMs: number; retryMs: number };
}): Builder {
  const { run } = serial();
  const dataKeys = new Map<string, Promise<Buffer>>();
  const counts: BuilderCounts = { read: 0, encoded: 0, written: 0 };
  const slice = timeSlices();
  let callKey: Promise<Buffer> | undefined;
  let isEnvironmentNoted = false;
  const closing = new AbortController();

  function dataKey(namespace: string): Promise<Buffer> {
    let key = dataKeys.get(namespace);
    if (!key) {
      key = store.dataKey(namespace);
      key.catch(() => dataKeys.delete(namespace));
      dataKeys.set(namespace, key);
    }
    return key;
  }

  function systemCallKey(): Promise<Buffer> {
    callKey ??= store.systemCallKey().then(publicSystemCallKey);
    callKey.catch(() => {
      callKey = undefined;
    });
    return callKey;
  }

  async function build(): Promise<void> {
    // Before the lock: they may have to be made.
    const namespaces = await store.namespaces();
    for (const namespace of namespaces) await dataKey(namespace);
    await systemCallKey();
    await store.exclusively(async (session) => {
      if (!(await session.claim(revision, release))) return logger.debug("a newer studio release builds the configuration of edges");
      if (!isEnvironmentNoted) await session.noteEnvironment();
      isEnvironmentNoted = true;
      let announcedMs = performance.now();
      let isAnnounced = true;
      while (!closing.signal.aborted && (await session.transaction((tx) => buildBatch(tx, namespaces)))) {
        // Edges are not sent every step of a long build.
        isAnnounced = performance.now() - announcedMs > announceMs;
        if (!isAnnounced) continue;
        await session.announce();
        announcedMs = performance.now();
      }
      if (!isAnnounced) await session.announce();
      await session.trim();
    }, closing.signal);
  }

  /** @returns whether there may be more. */
  async function buildBatch(tx: BuilderTransaction, namespaces: readonly string[]): Promise<boolean> {
    const changes = await tx.changes(changesAtOnce);
    if (changes.length === 0) return false;
    const targets = await targetsOf(tx, changes);
    const wanted = new Map<string, EncodedResource & { namespace: string }>();
    for await (const resource of encode(tx, targets, namespaces)) {
      wanted.set(`${resource.namespace} ${resource.type} ${resource.name}`, resource);
      await slice();
    }
    const stored = await tx.resources(listOf(targets));
    const changed: ChangedResource[] = [];
    const sums = new Map<string, { added: StateChecksum; removed: StateChecksum }>();
    const sumOf = (namespace: string) => {
      const sum = sums.get(namespace) ?? { added: new StateChecksum(), removed: new StateChecksum() };
      sums.set(namespace, sum);
      return sum;
    };
    const before = new Map(stored.map((one) => [`${one.namespace} ${one.type} ${one.name}`, one]));
    for (const key of new Set([...wanted.keys(), ...before.keys()])) {
      const next = changeOf(before.get(key), wanted.get(key));
      await slice();
      if (!next) continue;
      changed.push(next);
      const old = before.get(key);
      const sum = sumOf(next.namespace);
      if (old && !old.deleted) sum.removed.add(old.hash);
      if (!next.deleted) sum.added.add(next.hash);
    }
    const version = await tx.nextVersion();
    const begun = changes.filter(({ kind, key }) => kind === "namespace" && namespaces.includes(key)).map(({ key }) => key);
    const isNew = changed.length > 0 || begun.length > 0;
    if (changed.length > 0) await tx.saveResources(version, changed);
    if (isNew) await savePositions(tx, version, sums, begun);
    await tx.settleRevocations(version, changes);
    await tx.finish(changes, isNew || revocable.some((kind) => targets[kind].size > 0) ? version : undefined);
    counts.read += changes.length;
    counts.written += changed.length;
    report(changed);
    return true;
  }

  async function savePositions(
    tx: BuilderTransaction,
    version: number,
    sums: ReadonlyMap<string, { added: StateChecksum; removed: StateChecksum }>,
    begun: readonly string[],
  ): Promise<void> {
    const positions = await tx.positions();
    const next = ({ namespace, ownChecksum }: StoredPosition): StateChecksum => {
      const own = StateChecksum.parse(ownChecksum);
      const change = sums.get(namespace);
      return change ? own.plus(change.added).minus(change.removed) : own;
    };
    const shared = positions.find(({ namespace }) => namespace === sharedNamespace);
    if (!shared) throw new Error("the configuration version shared by all namespaces is missing");
    const sharedSum = next(shared);
    for (const position of positions) {
      if (!sums.has(position.namespace) && !sums.has(sharedNamespace)) continue;
      const own = next(position);
      const whole = position === shared ? own : own.copy().plus(sharedSum);
      await tx.savePosition({ namespace: position.namespace, version, ownChecksum: String(own), checksum: String(whole) });
    }
    for (const namespace of begun) {
      const own = new StateChecksum();
      for (const hash of await tx.hashesOf(namespace)) own.add(hash);
      await tx.savePosition({ namespace, version, ownChecksum: String(own), checksum: String(own.copy().plus(sharedSum)) });
    }
  }

  function report(changed: readonly ChangedResource[]): void {
    for (const { namespace, type, name, label, problem } of changed)
      if (problem)
        logger.warn("resource left out of edge configuration", { namespace, kind: type, id: name, name: label, reason: problem });
  }

  async function* encode(
    tx: BuilderTransaction,
    targets: Targets,
    namespaces: readonly string[],
  ): AsyncGenerator<EncodedResource & { namespace: string }> {
    const llmIds = ids(targets.llm);
    const pluginIds = ids(targets.plugin);
    const llms = await tx.llms(llmIds);
    const chains = await tx.llmPlugins(llms.map(({ id }) => id));
    const plugins = await tx.plugins([...new Set([...pluginIds, ...chains.map(({ pluginId }) => pluginId)])]);
    const attachments = await tx.attachments(pluginIds);
    const references = [...plugins, ...chains].flatMap(({ secretReferences }) => secretReferences ?? []);
    const secrets = await tx.secrets(secretNamesIn([...llms.map(({ apiKeySealed }) => apiKeySealed), ...references]));
    const resolver = createSecretResolver({ vault, environment: secretEnvironment, secrets });
    for (const namespace of llms.length + plugins.length > 0 ? namespaces : []) {
      const encoder = createNamespaceEncoder({ namespace, dataKey: await dataKey(namespace), resolver, plugins });
      for (const resource of encoder.llms(llms, chains)) yield counted({ ...resource, namespace });
      const attached = new Set(attachments.filter((one) => one.namespace === "" || one.namespace === namespace).map((one) => one.pluginId));
      for (const id of pluginIds) {
        const resource = encoder.plugin(id, attached.has(id));
        if (resource) yield counted({ ...resource, namespace });
      }
    }
    const isServed = new Set(namespaces);
    for (const row of await tx.apps(ids(targets.app)))
      if (isServed.has(row.namespace)) yield counted({ ...encodeApp(row), namespace: scopeOf(row.namespace) });
    for (const row of await tx.prices(ids(targets.price))) yield counted({ ...encodePrice(row), namespace: sharedNamespace });
    for (const { prefix, namespace, entries } of await tx.buckets([...targets.credentials])) {
      if (!isServed.has(namespace)) continue;
      const body = Buffer.from(CredentialBucket.encode({ entries }).finish());
      yield counted({ type: "credentials", name: prefix, label: "", body, problem: "", namespace: scopeOf(namespace) });
    }
    if (targets.system_call_key.size > 0) {
      const body = Buffer.from(SystemCallKey.encode({ publicKey: await systemCallKey() }).finish());
      yield counted({ type: "system_call_key", name: "", label: "", body, problem: "", namespace: sharedNamespace });
    }
  }

  function counted<T>(resource: T): T {
    counts.encoded++;
    return resource;
  }

  const requested = coalesced(() => run(build), {
    delayMs: coalesceMs,
    onError(error) {
      if (closing.signal.aborted) return;
      logger.error("edge configuration build failed, retrying", { error });
      requested.request(retryMs);
    },
  });

  return {
    request: requested.request,
    build: () => run(build),
    raise: (namespace, above) =>
      run(() =>
        store.exclusively(async (session) => {
          await session.transaction(async (tx) => {
            const position = (await tx.positions()).find((one) => one.namespace === namespace);
            if (!position) return;
            const version = Math.max(await tx.nextVersion(), above + 1);
            await tx.savePosition({ ...position, version });
            await tx.finish([], version);
          });
          await session.announce();
        }, closing.signal),
      ),
    dataKey,
    counts: () => ({ ...counts }),
    async close() {
      closing.abort();
      await requested.close();
      await run(() => undefined);
    },
  };
}

type Targets = Record<ResourceType, Set<string>>;

/** The objects that the changes may have an effect on. */
async function targetsOf(tx: BuilderTransaction, changes: readonly Change[]): Promise<Targets> {
  const targets: Targets = {
    llm: new Set(),
    plugin: new Set(),
    app: new Set(),
    price: new Set(),
    credentials: new Set(),
    system_call_key: new Set(),
  };
  const slugs = new Set<string>();
  for (const { kind, key } of changes) {
    if (kind === "slug") slugs.add(key);
    else if (kind in targets && kind !== "namespace") targets[kind].add(key);
  }
  for (const id of await tx.llmIds({ slugs: [...slugs], pluginIds: ids(targets.plugin) })) targets.llm.add(String(id));
  return targets;
}

const listOf = (targets: Targets): { type: string; name: string }[] =>
  Object.entries(targets).flatMap(([type, names]) => [...names].map((name) => ({ type, name })));

const ids = (names: ReadonlySet<string>): number[] => [...names].map(Number);
const scopeOf = (namespace: string): string => namespace || sharedNamespace;
const nothing = Buffer.alloc(0);

/** What to store; undefined when it is stored already. */
function changeOf(
  before: StoredResource | undefined,
  wanted: (EncodedResource & { namespace: string }) | undefined,
): ChangedResource | undefined {
  if (wanted?.body) {
    const { namespace, type, name, label, body } = wanted;
    const hash = resourceHash({ type, name, shared: namespace === sharedNamespace }, body);
    if (before && !before.deleted && hash.equals(before.hash)) return undefined;
    return { namespace, type, name, label, body, hash, deleted: false, problem: "" };
  }
  const problem = wanted?.problem ?? "";
  const { namespace, type, name } = wanted ?? before ?? { namespace: "", type: "", name: "" };
  if (before ? before.deleted && before.problem === problem : problem === "") return undefined;
  return { namespace, type, name, label: wanted?.label ?? "", body: nothing, hash: nothing, deleted: true, problem };
}
