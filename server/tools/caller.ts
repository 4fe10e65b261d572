import { AppError, conflict, invalid, notFound } from "@portico/core";
import type { ToolCall, ToolExecutor, ToolFault, ToolOutcome } from "@portico/tool-executor";
import type { SecretValues } from "../secrets/values.ts";
import type { ToolStore } from "./store.ts";

export type ToolCaller = {
  /**
   * Calls an operation of a tool. Connections that fail are outcomes.
   * @param onlyActive refuses a tool that is not active.
   * @throws AppError for a tool that is not there and for a call that does not fit its operation.
   */
  call(id: number, call: ToolCall, options?: { signal?: AbortSignal; onlyActive?: boolean }): Promise<ToolOutcome>;
};

/** Calls tools for people and plugins, with the tool's key. */
export function createToolCaller({
  store,
  secretValues,
  executor,
}: {
  store: Pick<ToolStore, "findCallable">;
  secretValues: Pick<SecretValues, "reveal">;
  executor: ToolExecutor;
}): ToolCaller {
  return {
    async call(id, call, { signal, onlyActive = false } = {}) {
      const tool = await store.findCallable(id);
      if (!tool) throw notFound("Tool");
      if (onlyActive && !tool.active) throw conflict(`The tool ${tool.name} is not active.`);
      const { authKeySealed, ...target } = tool;
      const key = authKeySealed === null ? null : await secretValues.reveal(authKeySealed, "auth_key");
      const outcome = await executor.execute({ ...target, key }, call, { signal });
      const refusal = outcome.ok ? undefined : refusalOf(outcome.fault);
      if (refusal) throw refusal;
      return outcome;
    },
  };
}

/** What is wrong with the call or the tool rather than with the API; undefined for what the API did. */
function refusalOf({ kind, field = "", message }: ToolFault): AppError | undefined {
  if (kind === "bad_input" || kind === "unknown_operation") return invalid(field, message);
  if (kind === "not_allowed")
    return new AppError({ code: "forbidden", message: `operation_id: ${message}.`, issues: [{ field, message }] });
  if (kind === "misconfigured") return conflict(message);
  return undefined;
}

/** An outcome as a failure, for callers that want the answer alone; undefined for an answer that is none. */
export function failureOf(outcome: ToolOutcome): AppError | undefined {
  if (!outcome.ok) return new AppError({ code: "upstream_failed", message: outcome.fault.message, meta: { kind: outcome.fault.kind } });
  const { status, body } = outcome.answer;
  // The reference passes 400 on: what was wrong with the arguments is for whoever chose them.
  if (status >= 200 && status <= 400) return undefined;
  const said = body.encoding === "text" ? body.content.slice(0, 1000) : "";
  return new AppError({
    code: "upstream_failed",
    message: `The tool's API answered with status ${status}${said === "" ? "." : `: ${said}`}`,
    meta: { upstream_status: status },
  });
}
