import type { Logger } from "@portico/core/logger";
import { createPluginBus, type Dispatch, eventService } from "@portico/plugin-services";
import type { ConfigStore } from "../config/store.ts";
import { admitBySnapshot, gatewayFault } from "./service-api.ts";

const nothing: ReadonlySet<string> = new Set();

/** Events between the plugins of this gateway. Grants are read from the snapshot that is served now, at every event. */
export function createEventBus({ edgeId, store, logger }: { edgeId: string; store: Pick<ConfigStore, "read">; logger: Logger }): Dispatch {
  const bus = createPluginBus(edgeId);
  return (pluginId) =>
    eventService(pluginId, {
      bus,
      admit: () => admitBySnapshot(store, pluginId),
      follow: () => ({ grants: () => store.read()?.plugins.get(pluginId)?.serviceScopes ?? nothing, stop() {} }),
      // There is no way to other hosts yet: a publisher must not take the event for delivered.
      carries: (direction) => direction === "local",
      fail: (error) => gatewayFault(logger, pluginId, error),
    });
}
