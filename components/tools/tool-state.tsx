import type { ToolAttributes } from "../../server/tools/contract.ts";
import { Status } from "../ui/status.tsx";

/** Whether apps, chats and plugins may call a tool. */
export function ToolState({ tool }: { tool: Pick<ToolAttributes, "active"> }) {
  return tool.active ? <Status tone="good">Active</Status> : <Status tone="idle">Inactive</Status>;
}
