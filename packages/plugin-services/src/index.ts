export { type CallCounts, createCallCounts, type ObservedCall, type OperationCounts } from "./call-counts.ts";
export { type Admit, demand, type PluginCaller } from "./callers.ts";
export { createDispatcher, type Dispatch } from "./dispatcher.ts";
export { createPluginBus, type PluginBus, type PluginEvent } from "./event-bus.ts";
export { type Direction, eventService, type FollowGrants } from "./event-service.ts";
export { type KvPort, kvOperations, maxKeyBytes, maxValueBytes } from "./kv.ts";
export { licenseOperation } from "./license.ts";
export { type Operation, operationFor, type RpcScope, type ServiceMethods, type Unserved } from "./operation.ts";
export { createRateLimit, type RateLimit } from "./rate-limit.ts";
