import { operationFor, type PluginCaller, type Operation as SharedOperation } from "@portico/plugin-services";
import type { AIStudioManagementServiceService } from "@portico/protocol/studio-management";
import type { Actor } from "../auth/actor.ts";

/** What a handler gets beside the request. */
export type OperationCall = {
  plugin: PluginCaller;
  /** The plugin, as services know who does something. */
  actor: Actor;
};

export type Operation = SharedOperation<OperationCall>;

/** One object an rpc of the service API, beside the feature that it belongs to: what `endpoint()` is for REST. */
export const operation = operationFor<typeof AIStudioManagementServiceService, OperationCall>();
