import { isObjectHook } from "@portico/protocol/capabilities";
import type { PluginAttributes } from "../../server/plugins/contract.ts";

const nouns: Record<string, string> = {
  llm: "LLMs",
  app: "apps",
  user: "users",
  group: "groups",
  datasource: "data sources",
  tool: "tools",
};

/** "llm.before_create" in words. */
const phraseOf = (hook: string): string => {
  const [object = "", moment = ""] = hook.split(".");
  const [when = "", verb = ""] = moment.split("_");
  const noun = nouns[object] ?? object;
  return when === "before" ? `Checks ${noun} before they are ${verb}d` : `Runs after ${noun} are ${verb}d`;
};

/** The objects that a plugin has hooks for. */
export function ObjectReach({ plugin }: { plugin: PluginAttributes }) {
  const hooks = plugin.capabilities.filter(isObjectHook);
  return (
    <ul style={{ margin: 0, paddingLeft: 18, lineHeight: "26px" }}>
      {hooks.map((hook) => (
        <li key={hook}>
          {phraseOf(hook)}
          {plugin.pending_capabilities.includes(hook) && <span className="quiet"> · waiting for approval</span>}
        </li>
      ))}
    </ul>
  );
}
