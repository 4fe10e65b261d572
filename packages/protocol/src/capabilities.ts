import {
  gatewayHookTypes,
  type ObjectHookType,
  type ObjectType,
  objectHookTypes,
  objectTypes,
  runsUnattached,
  studioHookTypes,
} from "./hooks.ts";
import { kindOf } from "./kinds.ts";
import type { PluginManifest } from "./manifest.ts";
import { isServiceScope, type ServiceScope, serviceScopes } from "./scopes.ts";

/**
 * A capability is one thing that a plugin may be granted:
 *
 * - a scope of the service API: `llms.read`
 * - an object hook: `llm.before_create`
 * - a hook type, for the gateway and for pages: `post_auth`, `studio_ui`
 * - a method that pages may call: `rpc:list_feedback`, or `rpc:call` for all
 * - topics of other plugins: `publish:cache.*`, `subscribe:cache.cleared`
 */
export type Capability = string;

const objectHooks: ReadonlySet<string> = new Set(objectTypes.flatMap((object) => objectHookTypes.map((hook) => `${object}.${hook}`)));

/** `llm.before_create` and the like. */
export const isObjectHook = (name: string): boolean => objectHooks.has(name);
export const objectHook = (objectType: ObjectType, hookType: ObjectHookType): Capability => `${objectType}.${hookType}`;
export const isGatewayHook = (capability: Capability): boolean => (gatewayHookTypes as readonly string[]).includes(capability);

/** A gateway hook that is approved by attaching the plugin to an LLM; the others are approved like everything else. */
export const isApprovedByAttachment = (capability: Capability): boolean => isGatewayHook(capability) && !runsUnattached([capability]);

/** Unknown hook types may be anything, so their plugin runs in the studio. */
export const runsInStudio = (hookTypes: readonly string[]): boolean =>
  hookTypes.some((hook) => (studioHookTypes as readonly string[]).includes(hook)) || !hookTypes.some(isGatewayHook);
export const runsOnGateways = (hookTypes: readonly string[]): boolean => hookTypes.some(isGatewayHook);

export const rpcMethod = (method: string): Capability => `rpc:${method}`;
/** Every method. */
export const anyRpcMethod: Capability = "rpc:call";

/** Granted on an administrator's word alone, to plugins whose manifest cannot ask: it is older than the permission. */
export const grantableUnasked = ["events.publish", "events.subscribe", anyRpcMethod] as const;

/**
 * Everything that a plugin asks for, sorted. Without a manifest that is the hook types an administrator named.
 * @param hookTypes those that count: the manifest's, or an administrator's choice.
 */
export function requestedCapabilities(manifest: PluginManifest | undefined, hookTypes: readonly string[]): Capability[] {
  const { services = [], object_hooks = [], rpc = [], events } = manifest?.permissions ?? {};
  const inStudio = runsInStudio(hookTypes);
  return [
    ...new Set([
      ...services.filter(isServiceScope),
      ...hookTypes.filter((hook) => hook !== "object_hooks" && hook !== "pending"),
      ...(inStudio ? [...object_hooks.filter(isObjectHook), ...rpc.map(rpcMethod)] : []),
      ...(events?.publish ?? []).map((topic) => `publish:${topic}`),
      ...(events?.subscribe ?? []).map((topic) => `subscribe:${topic}`),
    ]),
  ].sort();
}

const systemPrefix = "system.";
export const isSystemTopic = (topic: string): boolean => topic === "system" || topic.startsWith(systemPrefix);
const ownPrefix = (pluginId: number) => `plugin.${pluginId}.`;

/** Exactly the pattern, or below it where it ends with `.*`. */
const topicMatches = (pattern: string, topic: string): boolean =>
  pattern.endsWith(".*") ? topic.startsWith(pattern.slice(0, -1)) : pattern === topic;

type Grants = ReadonlySet<Capability>;

const isTopic = (capability: Capability): boolean => /^(publish|subscribe):/.test(capability);
/** What counts in the services that a host offers to plugins; hooks, pages and methods are the host's calls to them. */
export const isServiceGrant = (capability: Capability): boolean => isServiceScope(capability) || isTopic(capability);
export const usesServices = (grants: Iterable<Capability>): boolean => [...grants].some(isServiceGrant);

function mayUseTopic(verb: "publish" | "subscribe", pluginId: number, grants: Grants, topic: string): boolean {
  if (topic.startsWith(ownPrefix(pluginId))) return usesServices(grants);
  // Another plugin's own topics are published by nobody else.
  if (verb === "publish" && /^plugin\.\d+\./.test(topic)) return false;
  if (grants.has(`events.${verb}`)) return true;
  const prefix = `${verb}:`;
  return [...grants].some((one) => one.startsWith(prefix) && topicMatches(one.slice(prefix.length), topic));
}

export const mayPublish = (pluginId: number, grants: Grants, topic: string): boolean =>
  !isSystemTopic(topic) && mayUseTopic("publish", pluginId, grants, topic);

export function mayHear(pluginId: number, grants: Grants, topic: string): boolean {
  if (!isSystemTopic(topic)) return mayUseTopic("subscribe", pluginId, grants, topic);
  const scope = scopeOfSystemTopic(topic);
  return scope !== undefined && grants.has(scope);
}

/** What hearing of a system topic needs; undefined for what no plugin hears. */
export const scopeOfSystemTopic = (topic: string): ServiceScope | undefined => {
  return kindOf(topic.split(".")[1] ?? "")?.readScope;
};

export type Risk = "low" | "medium" | "high";

const hookTexts: Record<string, { risk: Risk; text: string }> = {
  pre_auth: { risk: "high", text: "See and change requests before the caller is known, for the LLMs it is attached to" },
  auth: { risk: "high", text: "Decide who may call the LLMs it is attached to" },
  post_auth: { risk: "high", text: "See and change requests to the LLMs it is attached to" },
  on_response: { risk: "high", text: "See and change responses of the LLMs it is attached to" },
  data_collection: { risk: "high", text: "Receive the requests, responses, tokens and costs of all LLM calls on its gateways" },
  custom_endpoint: { risk: "medium", text: "Serve endpoints below /plugins on its gateways" },
  studio_ui: { risk: "medium", text: "Show pages in the admin area" },
  portal_ui: { risk: "medium", text: "Show pages in the portal" },
  agent: { risk: "medium", text: "Answer as an agent" },
  resource_provider: { risk: "medium", text: "Offer resources that apps can use" },
};

const operationNouns: Record<string, string> = { create: "creation", update: "update", delete: "deletion" };

/** What a capability lets a plugin do, in words for administrators, and how much harm it could do. */
export function describeCapability(capability: Capability): { risk: Risk; text: string } {
  if (isServiceScope(capability)) return serviceScopes[capability];
  const hook = hookTexts[capability];
  if (hook) return hook;
  if (capability === anyRpcMethod) return { risk: "medium", text: "Answer every call of its pages" };
  const [, kind = "", name = ""] = /^(rpc|publish|subscribe):(.*)$/.exec(capability) ?? [];
  if (kind === "rpc") return { risk: "low", text: `Answer its pages' calls of ${name}` };
  if (kind === "publish") return { risk: "medium", text: `Publish events on ${name}` };
  if (kind === "subscribe") return { risk: "medium", text: `Receive other plugins' events on ${name}` };
  if (isObjectHook(capability)) {
    const [object = "", hookType = ""] = capability.split(".");
    const [moment = "", operation = ""] = hookType.split("_");
    const noun = kindOf(object)?.noun ?? object;
    return moment === "before"
      ? { risk: "high", text: `See, change or reject the ${operationNouns[operation] ?? operation} of every ${noun}` }
      : { risk: "medium", text: `Receive every ${noun} after its ${operationNouns[operation] ?? operation}` };
  }
  return { risk: "high", text: "Not described; approve it only if you trust the plugin" };
}
