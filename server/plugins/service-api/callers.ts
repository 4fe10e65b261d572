import { status } from "@grpc/grpc-js";
import type { Admit, FollowGrants, PluginCaller } from "@portico/plugin-services";
import { GrpcError } from "@portico/protocol/grpc-error";
import type { EventBus } from "../../events/bus.ts";
import { grantsOf } from "../catalog/grants.ts";
import type { PluginStore } from "../catalog/store.ts";

/** Who the plugin behind a socket is and what it was granted, for every service that plugins call. */
export type PluginCallers = { admit: Admit; follow: FollowGrants };

export function createCallers({ store, events }: { store: Pick<PluginStore, "findGrants">; events: EventBus }): PluginCallers {
  async function admit(pluginId: number): Promise<PluginCaller> {
    const plugin = await store.findGrants(pluginId);
    if (!plugin) throw new GrpcError(status.UNAUTHENTICATED, "plugin authentication required");
    return { id: plugin.id, name: plugin.name, grants: grantsOf(plugin) };
  }

  return {
    admit,
    /** Looked up again whenever the plugin's row changes, or may have changed unnoticed. */
    follow({ id, grants: found }) {
      let grants = found;
      const refresh = () =>
        void admit(id).then(
          (plugin) => {
            grants = plugin.grants;
          },
          () => {
            grants = new Set();
          },
        );
      const stop = events.subscribe(({ topic, objectId }) => {
        if (topic.startsWith("system.plugin.") && objectId === String(id)) refresh();
      }, refresh);
      return { grants: () => grants, stop };
    },
  };
}
