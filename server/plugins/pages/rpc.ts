import { AppError, notFound } from "@portico/core";
import type { RunningPlugin } from "@portico/plugin-host";
import type { Actor } from "../../auth/actor.ts";
import { mayAnswer, mayShowPages } from "../catalog/grants.ts";
import type { Json } from "../catalog/json.ts";
import { storedManifest } from "../catalog/manifest.ts";
import type { Plugin, PluginStore } from "../catalog/store.ts";
import type { Lifecycle } from "../processes/lifecycle.ts";
import { hasStudioProcess } from "../processes/places.ts";

export const rpcTimeoutMs = 30_000;

/** Calls that a plugin's pages make. The caller's rights are checked here; the element knows a method name, never an address. */
export function createPluginRpc({
  store,
  lifecycle,
  timeoutMs = rpcTimeoutMs,
}: {
  store: PluginStore;
  lifecycle: Pick<Lifecycle, "whenReady">;
  timeoutMs?: number;
}) {
  async function find(id: number): Promise<Plugin> {
    const plugin = await store.find(id);
    if (!plugin) throw notFound("Plugin");
    if (!plugin.isActive) throw new AppError({ code: "bad_request", message: "The plugin is not active; its methods cannot be called." });
    return plugin;
  }

  function checkMethod(plugin: Plugin, method: string): void {
    if (mayAnswer(plugin, method)) return;
    const listed = storedManifest(plugin.manifest)?.permissions?.rpc ?? [];
    const message =
      listed.includes("call") || listed.includes(method)
        ? `The method "${method}" is not approved: an administrator must approve the plugin's permissions.`
        : `The plugin's manifest does not list the method "${method}" in permissions.rpc.`;
    throw new AppError({ code: "forbidden", message, meta: { plugin: plugin.name, plugin_id: plugin.id } });
  }

  function dataOf(plugin: Plugin, { success, data, errorMessage }: { success: boolean; data: string; errorMessage: string }): unknown {
    if (!success) {
      const message = errorMessage.slice(0, 2_000) || "The plugin failed and gave no reason.";
      throw new AppError({ code: "plugin_failed", message, meta: { plugin: plugin.name, plugin_id: plugin.id } });
    }
    try {
      return JSON.parse(data === "" ? "null" : data);
    } catch {
      return data;
    }
  }

  /** Waits for a plugin that starts or restarts; what is left of the deadline is for the call. */
  async function reach(plugin: Plugin, signal: AbortSignal): Promise<{ process: RunningPlugin; leftMs: number }> {
    if (!hasStudioProcess(plugin))
      throw new AppError({
        code: "plugin_unavailable",
        message: `The plugin "${plugin.name}" runs on gateways only; its methods cannot be called here.`,
      });
    const startedMs = performance.now();
    const process = await lifecycle.whenReady(plugin.id, { timeoutMs, signal });
    return { process, leftMs: Math.max(1, Math.ceil(timeoutMs - (performance.now() - startedMs))) };
  }

  /** People in the portal can do nothing about a process; its state is for administrators, in its log and on its page. */
  function inPortalWords(error: unknown): never {
    if (!(error instanceof AppError) || (error.code !== "plugin_unavailable" && error.code !== "plugin_timeout")) throw error;
    throw new AppError({ code: error.code, message: "This page is not available right now. Try again in a minute.", cause: error });
  }

  return {
    async admin(id: number, method: string, payload: Json, signal: AbortSignal): Promise<unknown> {
      const plugin = await find(id);
      checkMethod(plugin, method);
      const { process, leftMs } = await reach(plugin, signal);
      const request = { method, payload: JSON.stringify(payload), serviceBrokerId: process.brokerId };
      return dataOf(plugin, await process.call("call", request, { timeoutMs: leftMs, signal }));
    },

    /** Administrators have no way around the groups: the portal shows what its users see. */
    async portal(actor: Actor, id: number, method: string, payload: Json, signal: AbortSignal): Promise<unknown> {
      const plugin = await find(id);
      const groups = await store.groupNames(actor.userId);
      if (!seesPortalOf(plugin, groups))
        throw new AppError({ code: "forbidden", message: "This plugin has no portal page that your groups may use." });
      checkMethod(plugin, method);
      const { process, leftMs } = await reach(plugin, signal).catch(inPortalWords);
      const userContext = { userId: actor.userId, email: actor.email, name: actor.name, isAdmin: actor.isAdmin, groups, metadata: {} };
      const request = { method, payload: JSON.stringify(payload), serviceBrokerId: process.brokerId, userContext };
      return dataOf(plugin, await process.call("portalCall", request, { timeoutMs: leftMs, signal }).catch(inPortalWords));
    },
  };
}
export type PluginRpc = ReturnType<typeof createPluginRpc>;

export const isVisible = (allowed: string[], groups: string[]): boolean =>
  allowed.length === 0 || allowed.some((name) => groups.includes(name));

/** True when at least one portal slot of the plugin is open to one of these groups. */
export function seesPortalOf(plugin: Plugin, groups: string[]): boolean {
  const manifest = storedManifest(plugin.manifest);
  return mayShowPages(plugin, "portal") && (manifest?.portal?.slots ?? []).some((slot) => isVisible(slot.groups, groups));
}
