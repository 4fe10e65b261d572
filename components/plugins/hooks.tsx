import classes from "./hooks.module.css";

const labels: Record<string, string> = {
  pre_auth: "before authentication",
  auth: "authentication",
  post_auth: "request",
  on_response: "response",
  data_collection: "data collection",
  studio_ui: "admin page",
  portal_ui: "portal page",
  agent: "agent",
  object_hooks: "objects",
  custom_endpoint: "endpoint",
  resource_provider: "resources",
};

export const hookLabel = (hook: string): string => labels[hook] ?? hook;

const gatewayHooks = new Set(["pre_auth", "auth", "post_auth", "on_response", "data_collection", "custom_endpoint"]);

/** Whether a gateway runs the hook, for the LLMs its plugin is attached to. */
export const isGatewayHook = (hook: string): boolean => gatewayHooks.has(hook);

/** The hooks of a plugin, by label. */
export function HookList({ hooks }: { hooks: string[] }) {
  if (hooks.length === 0) return <span className="quiet">none yet</span>;
  return (
    <span className={classes.hooks}>
      {hooks.map((hook) => (
        <span key={hook} title={hook}>
          {hookLabel(hook)}
        </span>
      ))}
    </span>
  );
}
