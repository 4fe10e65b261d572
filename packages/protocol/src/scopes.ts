/** What a plugin may be granted on the control plane's service API, with the risk an administrator is shown. */
export const serviceScopes = {
  "plugins.read": { risk: "low", text: "See installed plugins and their settings" },
  "plugins.write": { risk: "high", text: "Change plugins" },
  "plugins.config": { risk: "high", text: "Change its own settings" },
  "llms.read": { risk: "low", text: "See LLMs, without their keys" },
  "llms.write": { risk: "high", text: "Create, change and delete LLMs" },
  "llms.config": { risk: "high", text: "Change the settings of LLMs" },
  "llms.proxy": { risk: "high", text: "Call LLMs, at your cost" },
  "apps.read": { risk: "low", text: "See apps, without their credentials" },
  "apps.write": { risk: "high", text: "Create, change and delete apps" },
  "tools.read": { risk: "low", text: "See tools" },
  "tools.write": { risk: "high", text: "Create, change and delete tools" },
  "tools.operations": { risk: "medium", text: "See the operations of tools" },
  "tools.call": { risk: "high", text: "Call tools" },
  "datasources.read": { risk: "low", text: "See data sources" },
  "datasources.write": { risk: "high", text: "Create, change and delete data sources" },
  "datasources.embeddings": { risk: "high", text: "Write documents and embeddings" },
  "datasources.query": { risk: "high", text: "Search data sources" },
  "data-catalogues.read": { risk: "low", text: "See data catalogues" },
  "data-catalogues.write": { risk: "high", text: "Change data catalogues" },
  "tags.read": { risk: "low", text: "See tags" },
  "tags.write": { risk: "medium", text: "Change tags" },
  "filters.read": { risk: "low", text: "See filters" },
  "filters.write": { risk: "high", text: "Change filters" },
  "pricing.read": { risk: "low", text: "See model prices" },
  "pricing.write": { risk: "high", text: "Change model prices" },
  "vendors.read": { risk: "low", text: "See supported vendors" },
  "system.read": { risk: "low", text: "See system information" },
  "kv.readwrite": { risk: "medium", text: "Keep its own data" },
  "scheduler.manage": { risk: "medium", text: "Schedule its own tasks" },
  "budget.read": { risk: "low", text: "See the budget and spend of apps" },
  "credentials.validate": { risk: "high", text: "Check whether a credential is valid" },
  "control.send": { risk: "medium", text: "Send data from edges to the control plane" },
  "analytics.read": { risk: "medium", text: "See requests, tokens and cost in total and by LLM, app, user, edge and model" },
  "analytics.detailed": { risk: "medium", text: "See requests, tokens and cost of each day" },
  "analytics.reports": { risk: "medium", text: "See the tokens and cost of every app" },
  // Not in the reference's list.
  "users.read": { risk: "medium", text: "Receive events about users: names, e-mail addresses and groups" },
  "users.privileges": {
    risk: "high",
    text: "When it checks users: make them administrators, put them into groups, verify or change their address",
  },
  "groups.read": { risk: "low", text: "Receive events about groups" },
  "llms.endpoint": {
    risk: "high",
    text: "Change the endpoint, vendor or namespace of LLMs, and so where the vendor's key is sent",
  },
  "events.publish": { risk: "medium", text: "Publish events on any plugin topic" },
  "events.subscribe": { risk: "medium", text: "Receive the events that other plugins publish" },
} as const satisfies Record<string, { risk: "low" | "medium" | "high"; text: string }>;
export type ServiceScope = keyof typeof serviceScopes;
/** Named by the reference's documentation, but by no operation: manifests may ask for them, and nothing is granted by them. */
const scopesWithoutEffect: readonly string[] = ["tools.execute", "kv.read"];
export const isKnownScope = (scope: string): boolean => isServiceScope(scope) || scopesWithoutEffect.includes(scope);
export const isServiceScope = (scope: string): scope is ServiceScope => Object.hasOwn(serviceScopes, scope);
