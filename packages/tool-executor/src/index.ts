export * from "./definition.ts";
export {
  createToolExecutor,
  defaultLimits,
  type ExecutorLimits,
  type SentRequest,
  type ToolAnswer,
  type ToolExecutor,
  type ToolOutcome,
  type ToolTarget,
} from "./executor.ts";
export type { ToolFault, ToolFaultKind } from "./faults.ts";
export type { ToolCall } from "./request.ts";
