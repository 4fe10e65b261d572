import { isDeepStrictEqual } from "node:util";
import { AppError, notFound, sleep, slugify } from "@portico/core";
import type { PluginHost } from "@portico/plugin-host";
import { runsOnGateways } from "@portico/protocol";
import type { Actor } from "../../auth/actor.ts";
import type { Db, Tx } from "../../db/client.ts";
import { fromFreshRead, StaleRead } from "../../db/fresh.ts";
import { type Change, record } from "../../db/journal.ts";
import type { ListQuery, Page } from "../../db/paging.ts";
import { referencesIn, type SecretValues } from "../../secrets/values.ts";
import type { Vault } from "../../secrets/vault.ts";
import type { BuildPreview } from "../contract/operations.ts";
import type { ApproveScopes, PluginDraft, PluginPatch, PluginResource } from "../contract.ts";
import { type Lifecycle, noEdgeStates } from "../processes/lifecycle.ts";
import { hasStudioProcess } from "../processes/places.ts";
import { restoreConfig } from "../settings/config.ts";
import type { Schemas } from "../settings/schemas/schemas.ts";
import { afterApproval } from "./approval.ts";
import { keptGrants, pendingOf, requestedOf } from "./grants.ts";
import type { Json } from "./json.ts";
import { afterLoading, type BeforeLoading, type Loaded, loadPlugin } from "./loading.ts";
import { routesOf } from "./manifest.ts";
import type { Plugin, PluginFilters, PluginRow, PluginStore } from "./store.ts";
import { toAttributes, toResource } from "./wire.ts";

const reloadTimeoutMs = 45_000;
const edgeReloadTimeoutMs = 20_000;
const edgePollMs = 250;

const notReloaded = ({ id, name }: Plugin, edgeId: string, state: string, error: string) =>
  new AppError({
    code: "plugin_failed",
    message:
      state === "healthy"
        ? `The plugin was not reloaded${edgeId && ` at the gateway ${edgeId}`} and keeps running as before: ${error}`
        : `The plugin was reloaded, but it is ${state}${edgeId && ` at the gateway ${edgeId}`}${error ? `: ${error}` : "."}`,
    meta: { plugin: name, plugin_id: id, state, ...(edgeId ? { edge_id: edgeId } : {}) },
  });

/** Secrets that a configuration refers to, by the setting that does. */
type References = { field: string; reference: string }[];
const textsOf = (references: References): string[] => [...new Set(references.map(({ reference }) => reference))];

export function createPluginService({
  db,
  store,
  vault,
  secretValues,
  host,
  schemas,
  lifecycle,
}: {
  db: Db;
  store: PluginStore;
  vault: Vault;
  secretValues: Pick<SecretValues, "accept">;
  host: PluginHost;
  schemas: Schemas;
  lifecycle: Lifecycle;
}) {
  const { openConfig } = lifecycle;

  async function get(id: number): Promise<Plugin> {
    const plugin = await store.find(id);
    if (!plugin) throw notFound("Plugin");
    return plugin;
  }

  const note = (tx: Tx, plugin: Plugin, actor: Actor, change: Pick<Change, "action" | "changes">) =>
    record(tx, {
      kind: "plugin",
      id: plugin.id,
      actor,
      object: change.action === "deleted" ? null : { id: plugin.id, ...toAttributes(plugin, openConfig(plugin)) },
      ...change,
    });

  /** Writes columns worked out from `before`, unless somebody changed the row meanwhile. */
  async function write(
    actor: Actor,
    before: Plugin,
    row: Partial<PluginRow>,
    {
      loaded,
      grants,
      action = "updated",
      changes,
      references = [],
    }: {
      references?: References | undefined;
      loaded?: Loaded | undefined;
      grants?: string[] | undefined;
      action?: Change["action"];
      changes: Json;
    },
  ): Promise<Plugin> {
    return db.transaction(async (tx) => {
      const current = await store.lock(tx, before.id);
      if (!current) throw notFound("Plugin");
      if (current.updatedAt.getTime() !== before.updatedAt.getTime()) throw new StaleRead();
      await secretValues.accept(tx, actor, references);
      if (grants) await store.replaceGrants(tx, before.id, grants, actor.userId);
      const after = await store.update(tx, before.id, row);
      if (loaded) await store.replaceRoutes(tx, before.id, routesOf(loaded.manifest));
      await note(tx, after, actor, { action, changes });
      return after;
    });
  }

  const sealed = (config: Json) => vault.seal(JSON.stringify(config));

  /** Reads the executable again and stores what it says. A stored config that no longer fits is kept; the plugin then waits for a better one. */
  async function load(
    actor: Actor,
    id: number,
    { command }: { command?: string | undefined } = {},
  ): Promise<{ plugin: Plugin; loaded: Loaded }> {
    return fromFreshRead(async () => {
      const before = await get(id);
      const changed = command !== undefined && command !== before.command;
      const checksum = changed ? "" : before.checksum;
      const loaded = await loadPlugin({ host, schemas }, command ?? before.command, checksum);
      return { plugin: await storeLoaded(actor, before, loaded, changed ? { command, checksum, uiTrusted: false } : {}), loaded };
    });
  }

  /** Writes what was read from a process or an executable, if it says anything new. */
  async function storeLoaded(actor: Actor, before: Plugin, loaded: Loaded, more: Partial<PluginRow> = {}): Promise<Plugin> {
    const { row, grants } = afterLoading(before, loaded, await circumstances(before.id));
    const next = { ...row, ...more };
    const news = Object.entries({ ...next, grants }).filter(([key, value]) => {
      const known = before[key as keyof PluginRow | "grants"];
      // Forms follow the order of a schema's settings.
      return key === "configSchema" ? JSON.stringify(known) !== JSON.stringify(value) : !isDeepStrictEqual(known, value);
    });
    if (news.length === 0) return before;
    return write(actor, before, next, { loaded, grants, changes: { loaded: news.map(([key]) => key) } });
  }

  const circumstances = async (id: number) => ({ dev: lifecycle.dev, attached: await store.isAttached(id) });

  async function resources(plugins: Plugin[]): Promise<PluginResource[]> {
    const ids = plugins.map(({ id }) => id);
    const [llms, onEdges, taken] = await Promise.all([store.linkedLlms(ids), lifecycle.edgeStates(), store.findTakenPages(ids)]);
    return plugins.map((plugin) => toResource(plugin, openConfig(plugin), lifecycle.live(plugin, onEdges), llms, taken));
  }

  async function resource(plugin: Plugin): Promise<PluginResource> {
    const [resource] = await resources([plugin]);
    return resource as PluginResource;
  }

  /**
   * Waits until the edges that run a plugin have tried its new generation.
   * @returns the edges that have not said so in time.
   * @throws AppError plugin_failed when it is not healthy at one of them.
   */
  async function reloadedAtEdges(plugin: Plugin): Promise<string[]> {
    const untilMs = performance.now() + edgeReloadTimeoutMs;
    // Edges from before generations were reported cannot be waited for.
    const expected = (await store.listEdgeProcesses(plugin.id)).filter(({ generation }) => generation > 0).map(({ edgeId }) => edgeId);
    for (;;) {
      const reports = await store.listEdgeProcesses(plugin.id);
      const tried = reports.filter(({ edgeId, generation }) => expected.includes(edgeId) && generation >= plugin.generation);
      const failed = tried.find(({ state, error }) => state !== "healthy" || error !== "");
      if (failed) throw notReloaded(plugin, failed.edgeId, failed.state, failed.error);
      // One that has disconnected or runs it no longer has nothing to confirm.
      const waiting = expected.filter((edgeId) => reports.some((one) => one.edgeId === edgeId && one.generation < plugin.generation));
      if (waiting.length === 0 || performance.now() >= untilMs) return waiting;
      await sleep(edgePollMs);
    }
  }

  function hooksOfDraft({ hook_type, hook_types }: Pick<PluginDraft, "hook_type" | "hook_types">) {
    const hookTypes = [...new Set(hook_types ?? (hook_type && hook_type !== "pending" ? [hook_type] : []))];
    return { hookTypes: hookTypes as string[], hookType: hook_type ?? hookTypes[0] ?? "pending" };
  }

  return {
    get,
    resource,
    load,
    storeLoaded,

    rows: (query: ListQuery, filters: PluginFilters): Promise<Page<Plugin>> => store.list(query, filters),

    async list(query: ListQuery, filters: PluginFilters): Promise<Page<PluginResource>> {
      const page = await store.list(query, filters);
      return { ...page, items: await resources(page.items) };
    },

    /**
     * An active plugin is loaded before it is stored: what cannot be loaded is refused. A config that is given must be right; one that is
     * not given may be filled in later, and the plugin waits for it.
     */
    async create(actor: Actor, draft: PluginDraft): Promise<Plugin> {
      const loaded =
        draft.is_active || draft.load_immediately ? await loadPlugin({ host, schemas }, draft.command, draft.checksum) : undefined;
      const first: BeforeLoading = {
        ...hooksOfDraft(draft),
        hookTypesCustomized: draft.hook_types_customized,
        configSchema: null,
        serviceAccessAuthorized: false,
        uiTrusted: false,
        codeHash: "",
        approvedCodeHash: "",
        grants: [],
      };
      const { grants: _none, ...blank } = first;
      const schema = loaded?.configSchema ?? null;
      const given = draft.config && restoreConfig(schema, draft.config, {});
      const references = referencesIn(given, "config");
      const config = given ? await schemas.accept(schema, given) : (await schemas.check(schema, {})).config;
      const row: PluginRow = {
        name: draft.name,
        slug: draft.slug ?? slugify(draft.name),
        description: draft.description || (loaded?.manifest?.description ?? ""),
        command: draft.command,
        checksum: draft.checksum,
        configSealed: sealed(config),
        secretReferences: textsOf(references),
        isActive: draft.is_active,
        namespace: draft.namespace,
        manifest: {},
        serviceScopes: [],
        declaredCapabilities: [],
        declaredCodeHash: "",
        generation: 1,
        ...blank,
        ...(loaded ? afterLoading(first, loaded, { dev: lifecycle.dev, attached: false }).row : {}),
      };
      const plugin = await db.transaction(async (tx) => {
        await secretValues.accept(tx, actor, references);
        const created = await store.insert(tx, row);
        if (loaded) await store.replaceRoutes(tx, created.id, routesOf(loaded.manifest));
        await note(tx, created, actor, { action: "created", changes: { name: row.name, command: row.command, is_active: row.isActive } });
        return created;
      });
      await lifecycle.applySoon();
      return plugin;
    },

    async update(actor: Actor, id: number, patch: PluginPatch): Promise<Plugin> {
      const plugin = await fromFreshRead(async () => {
        const before = await get(id);
        const command = patch.command ?? before.command;
        const moved = command !== before.command;
        const checksum = patch.checksum ?? (moved ? "" : before.checksum);
        const isActive = patch.is_active ?? before.isActive;
        const neverLoaded = before.configSchema === null;
        const mustLoad = patch.load_immediately || (isActive && (moved || checksum !== before.checksum || neverLoaded));
        const loaded = mustLoad ? await loadPlugin({ host, schemas }, command, checksum) : undefined;
        const customized = patch.hook_types_customized ?? (patch.hook_types ? true : before.hookTypesCustomized);
        const hooks =
          patch.hook_types || patch.hook_type ? hooksOfDraft(patch) : { hookTypes: before.hookTypes, hookType: before.hookType };
        // Another command is another program until it has been read.
        const grantsBefore = moved && !loaded && !lifecycle.dev ? [] : before.grants;
        const base = { ...before, ...hooks, hookTypesCustomized: customized };
        const read = loaded && afterLoading(base, loaded, await circumstances(id));
        const schema = loaded?.configSchema ?? before.configSchema;
        const stored = openConfig(before);
        const sent = patch.config === undefined ? undefined : restoreConfig(before.configSchema, patch.config ?? {}, stored);
        const config = sent === undefined ? stored : await schemas.accept(schema, sent);
        const references = sent && referencesIn(sent, "config");
        const row: Partial<PluginRow> = {
          name: patch.name ?? before.name,
          slug: patch.slug ?? before.slug,
          description: patch.description ?? before.description,
          namespace: patch.namespace ?? before.namespace,
          command,
          checksum,
          isActive,
          hookTypesCustomized: customized,
          ...hooks,
          // Trust was given to what ran then.
          ...(read?.row ?? {}),
          ...(moved ? { uiTrusted: false, ...(read ? {} : { codeHash: "", serviceAccessAuthorized: false }) } : {}),
          ...(patch.ui_trusted === undefined ? {} : { uiTrusted: patch.ui_trusted }),
          ...(isDeepStrictEqual(config, stored) ? {} : { configSealed: sealed(config) }),
          ...(references ? { secretReferences: textsOf(references) } : {}),
        };
        const grants = read?.grants ?? keptGrants(grantsBefore, requestedOf({ ...before, ...hooks }));
        const { config: given, plugin_type: _type, oci_reference: _oci, ...changes } = patch;
        return write(actor, before, row, {
          references,
          loaded,
          grants,
          changes: { ...changes, ...(given === undefined ? {} : { config: "changed" }) },
        });
      });
      await lifecycle.applySoon();
      return plugin;
    },

    /** @throws AppError plugin_invalid when the build cannot be used. */
    async preview(id: number, command: string): Promise<BuildPreview> {
      const before = await get(id);
      const loaded = await loadPlugin({ host, schemas }, command, "");
      const { row, grants } = afterLoading(before, loaded, await circumstances(id));
      const after = { ...before, ...row, grants };
      const requested = requestedOf(after);
      const { issues } = await schemas.check(loaded.configSchema, openConfig(before));
      return {
        type: "plugin-build-previews",
        id: String(id),
        attributes: {
          command,
          version: typeof loaded.manifestJson.version === "string" ? loaded.manifestJson.version : "",
          code_hash: after.codeHash,
          same_program: after.codeHash !== "" && after.codeHash === before.approvedCodeHash,
          hook_types: after.hookTypes,
          added: requested.filter((capability) => !before.grants.includes(capability)),
          removed: before.grants.filter((capability) => !requested.includes(capability)),
          needs_approval: pendingOf(after),
          setting_issues: issues,
        },
      };
    },

    async delete(actor: Actor, id: number): Promise<void> {
      await db.transaction(async (tx) => {
        const plugin = await store.lock(tx, id);
        if (!plugin) throw notFound("Plugin");
        await note(tx, plugin, actor, { action: "deleted", changes: { name: plugin.name } });
        await store.delete(tx, id);
      });
      await lifecycle.applySoon();
    },

    approve: async (actor: Actor, id: number, decision: ApproveScopes): Promise<Plugin> => {
      const plugin = await fromFreshRead(async () => {
        const before = await get(id);
        const { row, grants } = afterApproval(before, decision, lifecycle.dev);
        const changes = { capabilities: grants, ui_trusted: row.uiTrusted };
        return write(actor, before, row, { grants, action: decision.approved ? "approved" : "denied", changes });
      });
      await lifecycle.applySoon();
      return plugin;
    },

    /**
     * Reads the program again and restarts the process, here and wherever else it runs.
     * @returns the edges that run it and have not said within the time allowed how the new process is.
     * @throws AppError plugin_failed when a new process is not healthy, with the place and the reason.
     */
    async reload(actor: Actor, id: number): Promise<{ plugin: Plugin; unconfirmed: string[] }> {
      const plugin = await fromFreshRead(async () => {
        const before = await get(id);
        if (!before.isActive) throw new AppError({ code: "bad_request", message: "The plugin is not active. Activate it instead." });
        // Read before it runs: another program has lost its grants by the time it starts.
        const loaded = await loadPlugin({ host, schemas }, before.command, before.checksum);
        const read = afterLoading(before, loaded, await circumstances(id));
        const row = { ...read.row, generation: before.generation + 1 };
        return write(actor, before, row, {
          loaded,
          grants: read.grants,
          action: "reloaded",
          changes: { generation: row.generation, ...(before.uiTrusted && !row.uiTrusted ? { ui_trusted: false } : {}) },
        });
      });
      const unconfirmed = runsOnGateways(plugin.hookTypes) ? reloadedAtEdges(plugin) : Promise.resolve([]);
      // Both places are tried at once; what goes wrong here is said first.
      unconfirmed.catch(() => {});
      if (hasStudioProcess(plugin)) {
        await lifecycle.applyNow(reloadTimeoutMs);
        const { state, error } = lifecycle.live(await get(id), noEdgeStates);
        if (state !== "healthy" || error !== "") throw notReloaded(plugin, "", state, error);
      }
      return { plugin: await get(id), unconfirmed: await unconfirmed };
    },

    /** Puts the plugin's pages up or takes them down; its process goes on. @returns how many it has. */
    showPages: (actor: Actor, id: number, shown: boolean): Promise<number> =>
      db.transaction(async (tx) => {
        const plugin = await store.lock(tx, id);
        if (!plugin) throw notFound("Plugin");
        const pages = await store.showRoutes(tx, id, shown);
        await note(tx, plugin, actor, { action: "updated", changes: { pages: shown ? "loaded" : "unloaded" } });
        return pages;
      }),

    /** What goes with a plugin that is deleted. */
    async dependents(id: number, storedValues: (id: number) => Promise<number>) {
      await get(id);
      const [llms, values] = await Promise.all([store.linkedLlms([id]), storedValues(id)]);
      return [
        ...llms.map((llm) => ({ type: "llms", id: String(llm.id), name: llm.name, effect: "is no longer served by this plugin" })),
        ...(values === 0 ? [] : [{ type: "plugin-data", id: String(id), name: `${values} stored values`, effect: "are deleted with it" }]),
      ];
    },
  };
}
export type PluginService = ReturnType<typeof createPluginService>;
