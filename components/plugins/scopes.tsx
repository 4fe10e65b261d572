import { Status, type Tone } from "../ui/status.tsx";
import classes from "./scopes.module.css";

type Risk = "high" | "medium" | "low";

const meanings: Record<string, string> = {
  "plugins.read": "See the installed plugins and their settings",
  "plugins.write": "Install, change and remove plugins",
  "plugins.config": "Change plugins' settings",
  "llms.read": "See the LLMs, without their keys",
  "llms.write": "Create, change and delete LLMs",
  "llms.config": "See the LLMs with what is needed to call them",
  "llms.proxy": "Call LLMs at your cost",
  "apps.read": "See apps and their owners",
  "apps.write": "Create, change and delete apps",
  "tools.read": "See tools",
  "tools.write": "Create, change and delete tools",
  "tools.operations": "See what tools can do",
  "tools.call": "Run tools",
  "datasources.read": "See data sources",
  "datasources.write": "Create, change and delete data sources",
  "datasources.embeddings": "Write into data sources",
  "datasources.query": "Search in data sources",
  "data-catalogues.read": "See data catalogues",
  "data-catalogues.write": "Change data catalogues",
  "tags.read": "See tags",
  "tags.write": "Change tags",
  "filters.read": "See filters",
  "filters.write": "Change filters, which see every call",
  "pricing.read": "See model prices",
  "pricing.write": "Change model prices",
  "vendors.read": "See the vendors",
  "system.read": "See facts about this installation",
  "kv.read": "Read its own stored data",
  "kv.readwrite": "Keep data of its own",
  "scheduler.manage": "Run itself on a schedule",
};

const objects: Record<string, string> = { llm: "LLM", user: "user", datasource: "data source", tool: "tool" };
const hookForm = /^([a-z]+)\.(before|after)_(create|update|delete)$/;

/** Whether a scope asks to judge or hear of operations on objects, rather than to call the studio. */
export const isObjectHook = (scope: string): boolean => hookForm.test(scope);

function meaningOf(scope: string): string {
  const known = meanings[scope];
  if (known) return known;
  const [, object = "", moment, operation] = hookForm.exec(scope) ?? [];
  const noun = objects[object];
  if (!noun) return "Not described; approve it only if you trust the plugin";
  return moment === "before" ? `See, change or refuse the ${operation} of every ${noun}` : `Hear of the ${operation} of every ${noun}`;
}

/** How much harm a scope could do in wrong hands. What costs money, changes things or runs tools is high. */
export function riskOf(scope: string): Risk {
  if (scope.includes(".before_")) return "high";
  if (scope.includes(".after_")) return "medium";
  if (/\.(write|call|proxy|operations|embeddings|manage)$/.test(scope)) return "high";
  if (/\.(config|detailed|readwrite|query)$/.test(scope) || scope === "apps.read") return scope === "kv.readwrite" ? "low" : "medium";
  return "low";
}

const order: Record<Risk, number> = { high: 0, medium: 1, low: 2 };
const tones: Record<Risk, Tone> = { high: "bad", medium: "warn", low: "good" };
const words: Record<Risk, string> = { high: "High", medium: "Medium", low: "Low" };

/** What a plugin asks to be allowed, the riskiest first, each in words. */
export function ScopeList({ scopes }: { scopes: string[] }) {
  const rows = scopes
    .map((scope) => ({ scope, risk: riskOf(scope) }))
    .sort((a, b) => order[a.risk] - order[b.risk] || a.scope.localeCompare(b.scope));
  return (
    <table className={classes.scopes}>
      <thead>
        <tr>
          <th scope="col">Scope</th>
          <th scope="col">Lets the plugin</th>
          <th scope="col">Risk</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ scope, risk }) => (
          <tr key={scope}>
            <th scope="row">
              <code>{scope}</code>
            </th>
            <td>{meaningOf(scope)}</td>
            <td>
              <Status tone={tones[risk]}>{words[risk]}</Status>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
