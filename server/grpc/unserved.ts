import type { RpcScope, Unserved } from "@portico/plugin-services";
import type { ServiceScope } from "@portico/protocol";

function group(reason: (rpc: string) => string, scopes: Partial<Record<ServiceScope | "none", string[]>>): Unserved[] {
  return Object.entries(scopes).flatMap(([scope, rpcs]) => rpcs.map((rpc) => ({ rpc, scope: scope as RpcScope, reason: reason(rpc) })));
}

/** Rpcs of resources that do not exist here. Their scopes count all the same: what is served later is not open to more plugins. */
export const unserved: Unserved[] = [
  ...group((rpc) => `Calls of tools are not counted in this version of Portico; ${rpc} is not served.`, {
    "analytics.reports": ["getToolUsageStatistics"],
  }),
  ...group((rpc) => `Plugins can only call LLMs through an agent, which this version of Portico does not have; ${rpc} is not served.`, {
    "llms.proxy": ["callLlm"],
  }),
];
