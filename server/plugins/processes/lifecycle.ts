import { AppError, messageOf, sleep } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { PluginHost, PluginSpec, RunningPlugin } from "@portico/plugin-host";
import { runsOnGateways, runsUnattached } from "@portico/protocol";
import type { SecretValues } from "../../secrets/values.ts";
import type { Vault } from "../../secrets/vault.ts";
import type { ReadyCheck } from "../../system/endpoints.ts";
import type { Json } from "../catalog/json.ts";
import type { Plugin, PluginAtEdge, PluginStore } from "../catalog/store.ts";
import type { LiveState } from "../catalog/wire.ts";
import { retryAfterMs, type Schemas } from "../settings/schemas/schemas.ts";
import { hasStudioProcess } from "./places.ts";

/** A plugin that should run here, with its opened configuration. */
export type Desired = { plugin: Plugin; config: Json };

/** How a process is, wherever it runs. */
type EdgeState = Omit<LiveState, "dev" | "isolation" | "isolationNote">;

/** What connected edges report, and of which plugins they will. */
export type EdgeStates = { reported: ReadonlyMap<number, EdgeState>; expected: ReadonlySet<number> };
export const noEdgeStates: EdgeStates = { reported: new Map(), expected: new Set() };

/** One process of a plugin. */
export type ProcessState = EdgeState & { place: "studio" | "gateway"; edgeId?: string };

const retryMs = 2_000;

const fromBestToWorst = ["healthy", "starting", "stopped", "unhealthy", "failed"] as const satisfies readonly LiveState["state"][];

const rank = ({ state }: Pick<EdgeState, "state">): number => fromBestToWorst.indexOf(state);

/** The state that matters more to an administrator; of equal ones, the one with something to say. */
const worse = (a: EdgeState, b: EdgeState): EdgeState =>
  rank(b) > rank(a) || (rank(b) === rank(a) && a.error === "" && b.error !== "") ? b : a;

const knownState = (state: string): LiveState["state"] => fromBestToWorst.find((one) => one === state) ?? "unhealthy";
const stateAtEdge = ({ edgeId, state, error, restarts }: PluginAtEdge): EdgeState => ({
  state: knownState(state),
  error: error === "" ? "" : `${edgeId}: ${error}`,
  restarts,
});

/** Keeps the processes of this replica what the table says; every replica does so for itself. */
export function createLifecycle({
  store,
  vault,
  secretValues,
  host,
  schemas,
  dev,
  logger,
}: {
  store: PluginStore;
  vault: Vault;
  secretValues: Pick<SecretValues, "revealIn">;
  host: PluginHost;
  schemas: Schemas;
  /** Plugins are under development here: their programs may change without a new approval. */
  dev: boolean;
  logger: Logger;
}) {
  let desired = new Map<number, Desired>();
  /** Why an active plugin cannot be started, here or at a gateway. */
  let held = new Map<number, string>();
  let queued: Promise<{ settled: Promise<void> }> | undefined;
  let tail: Promise<unknown> = Promise.resolve();
  let retry: NodeJS.Timeout | undefined;
  let recheck: NodeJS.Timeout | undefined;
  let closed = false;
  let firstAttemptsDone = false;

  const openConfig = ({ configSealed }: Pick<Plugin, "configSealed">): Json =>
    configSealed === null ? {} : (JSON.parse(vault.open(configSealed)) as Json);

  /** The configuration as the plugin gets it. @throws AppError naming the setting whose secret is not there. */
  const revealConfig = (plugin: Pick<Plugin, "configSealed" | "secretReferences">): Promise<Json> =>
    secretValues.revealIn(openConfig(plugin), plugin.secretReferences, "config");

  /** The settings with their defaults, or why a process cannot be started with them. */
  async function configOf(plugin: Plugin): Promise<Json | string> {
    try {
      const { config, issues } = await schemas.check(plugin.configSchema, await revealConfig(plugin), { patient: false });
      if (issues.length === 0) return config;
      return `Its configuration is not complete: ${issues.map(({ field, message }) => `${field} ${message}`).join("; ")}.`;
    } catch (error) {
      if (error instanceof AppError) {
        // It may have been this machine that was slow.
        checkAgainLater();
        return error.message;
      }
      return `Its configuration cannot be read: ${messageOf(error)}`;
    }
  }

  function checkAgainLater(): void {
    if (closed) return;
    recheck ??= setTimeout(() => {
      recheck = undefined;
      void applySoon();
    }, retryAfterMs).unref();
  }

  async function readSpecs(): Promise<PluginSpec[]> {
    const next = new Map<number, Desired>();
    const nextHeld = new Map<number, string>();
    const active = await store.listActive();
    const configs = await Promise.all(active.map(configOf));
    for (const [i, plugin] of active.entries()) {
      const config = configs[i];
      if (typeof config === "string") nextHeld.set(plugin.id, config);
      else if (config && hasStudioProcess(plugin)) next.set(plugin.id, { plugin, config });
    }
    desired = next;
    held = nextHeld;
    return [...next.values()].map(({ plugin: { id, name, slug, command, checksum, generation, grants, approvedCodeHash }, config }) => ({
      id,
      name,
      slug,
      command,
      checksum,
      // A plugin without grants may run any program: it can do nothing.
      codeHash: grants.length > 0 ? approvedCodeHash : "",
      dev,
      config,
      generation,
    }));
  }

  /**
   * Hands the wanted processes to the host. Reads follow one another, so that an older one never overrides a newer one; starts of
   * processes do not wait for each other: `settled` is when those of this change have had their first attempt.
   */
  function apply(): Promise<{ settled: Promise<void> }> {
    queued ??= tail.then(async () => {
      queued = undefined;
      return { settled: closed ? Promise.resolve() : host.reconcile(await readSpecs()) };
    });
    tail = queued.catch(() => {});
    return queued;
  }

  function tryAgainSoon(error: unknown): void {
    if (closed) return;
    logger.warn("plugin processes could not be synchronized, retrying", { error: messageOf(error) });
    clearTimeout(retry);
    retry = setTimeout(applySoon, retryMs);
  }

  /** Settles, without a throw, when the host knows what is wanted. */
  async function applySoon(): Promise<void> {
    try {
      const { settled } = await apply();
      settled.catch(tryAgainSoon);
    } catch (error) {
      tryAgainSoon(error);
    }
  }

  /** What gateways say of the plugins that they run: of each the worst that a connected edge reported. */
  async function edgeStates(): Promise<EdgeStates> {
    const [reported, expected] = await Promise.all([store.listEdgeStates(fromBestToWorst), store.listExpectedAtEdges()]);
    return { reported: new Map(reported.map((one) => [one.pluginId, stateAtEdge(one)])), expected: new Set(expected) };
  }

  const readyCheck: ReadyCheck = {
    name: "plugins",
    // Only until the first attempts are over: a plugin that fails for ever must not keep the studio from serving, and a reload must
    // not take a replica out of service.
    missing: () => {
      if (firstAttemptsDone) return undefined;
      const waiting = [...desired.values()].filter(({ plugin }) => (host.status(plugin.id)?.state ?? "starting") === "starting");
      return waiting.length === 0 ? "plugins have not been started yet" : `starting ${waiting.map(({ plugin }) => plugin.name).join(", ")}`;
    },
    note: () => {
      const down = [...desired.values()]
        .filter(({ plugin }) => host.status(plugin.id)?.state !== "healthy")
        .map(({ plugin }) => plugin.name);
      const names = [...down, ...[...held.keys()].map((id) => `plugin ${id} (configuration)`)];
      return names.length === 0 ? undefined : `ok, but not healthy: ${names.join(", ")}`;
    },
  };

  /** A plugin that runs in several places is as well as the worst of them. */
  function stateOf(plugin: Plugin, onEdges: EdgeStates): EdgeState {
    if (!plugin.isActive) return { state: "stopped", error: "", restarts: 0 };
    const there = runsOnGateways(plugin.hookTypes) ? onEdges.reported.get(plugin.id) : undefined;
    const reason = held.get(plugin.id);
    if (hasStudioProcess(plugin)) {
      const here: EdgeState = reason === undefined ? stateHere(plugin) : { state: "failed", error: reason, restarts: 0 };
      // Older edges report what they no longer run as stopped.
      return there && there.state !== "stopped" ? worse(here, there) : here;
    }
    if (there) return there;
    if (reason !== undefined) return { state: "failed", error: reason, restarts: 0 };
    if (onEdges.expected.has(plugin.id)) return { state: "starting", error: "", restarts: 0 };
    return {
      state: "stopped",
      error: runsUnattached(plugin.hookTypes) ? "No gateway runs it yet." : "No gateway runs it yet. Attach it to an LLM.",
      restarts: 0,
    };
  }

  function stateHere(plugin: Plugin): EdgeState {
    const status = host.status(plugin.id);
    if (!status || (status.state === "stopped" && desired.has(plugin.id))) return { state: "starting", error: "", restarts: 0 };
    // Until the new process is there, for callers who wait for their change; calls are answered by the one from before it meanwhile.
    if (status.isChanging) return { state: "starting", error: "", restarts: status.restarts };
    return { state: status.state, error: status.error, restarts: status.restarts };
  }

  /**
   * The process of a plugin, once it is there to be called.
   * @throws AppError plugin_unavailable at once when it will not be, or when it is not within the timeout.
   */
  async function whenReady(id: number, options: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<RunningPlugin> {
    const refuseHeld = () => {
      const reason = held.get(id);
      if (reason !== undefined) throw new AppError({ code: "plugin_unavailable", message: reason, meta: { plugin_id: id } });
    };
    // Its process may still be draining; what it would answer is no longer what its settings ask for.
    refuseHeld();
    const running = host.get(id);
    if (running) return running;
    try {
      return await host.whenReady(id, options);
    } catch (error) {
      refuseHeld();
      throw error;
    }
  }

  return {
    openConfig,
    revealConfig,
    dev,
    whenReady,
    desired: (id: number): Desired | undefined => desired.get(id),
    /** Its stored settings; none when they cannot be read. */
    settingsOf(plugin: Plugin): Json {
      try {
        return openConfig(plugin);
      } catch {
        return {};
      }
    },
    readyCheck,
    applySoon,
    /** Matches processes to the table now. @returns once this change's first attempts are over, or after `timeoutMs`. */
    async applyNow(timeoutMs: number): Promise<void> {
      const { settled } = await apply();
      await Promise.race([settled, sleep(timeoutMs)]);
    },
    /** Settles when it is known what should run; the processes start meanwhile. */
    async start(): Promise<void> {
      await readSpecs().catch((error) => logger.warn("plugins could not be read", { error: messageOf(error) }));
      void apply()
        .then(({ settled }) => settled)
        .catch(tryAgainSoon)
        .finally(() => {
          firstAttemptsDone = true;
        });
    },
    edgeStates,
    /** Each process of a plugin: this replica's, then those that connected edges report. */
    async processes(plugin: Plugin): Promise<ProcessState[]> {
      if (!plugin.isActive) return [];
      const atEdges = runsOnGateways(plugin.hookTypes) ? await store.listEdgeProcesses(plugin.id) : [];
      return [
        ...(hasStudioProcess(plugin) ? [{ place: "studio" as const, ...stateOf(plugin, noEdgeStates) }] : []),
        ...atEdges.map(({ edgeId, state, error, restarts }) => ({
          place: "gateway" as const,
          edgeId,
          state: knownState(state),
          error,
          restarts,
        })),
      ];
    },
    live: (plugin: Plugin, onEdges: EdgeStates): LiveState => {
      const process = hasStudioProcess(plugin) ? host.status(plugin.id) : undefined;
      return { ...stateOf(plugin, onEdges), dev, isolation: process?.isolation ?? null, isolationNote: process?.note ?? "" };
    },
    async close(): Promise<void> {
      closed = true;
      clearTimeout(retry);
      clearTimeout(recheck);
      await tail;
      await host.close();
    },
  };
}
export type Lifecycle = ReturnType<typeof createLifecycle>;
