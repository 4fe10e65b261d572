import { conflict } from "@portico/core";
import { isApprovedByAttachment } from "@portico/protocol";
import type { ApproveScopes } from "../contract.ts";
import { approvalOf, keptGrants, pendingOf, requestedOf } from "./grants.ts";
import type { Plugin, PluginRow } from "./store.ts";

const field = "approval";

/**
 * What an administrator's decision makes of a plugin; a change of its grants restarts it, so that it starts with the access it has.
 * @throws AppError conflict when the plugin is no longer what the administrator looked at.
 */
export function afterApproval(
  before: Plugin,
  { approved, approval, ui_trusted, also = [] }: ApproveScopes,
  dev: boolean,
): { row: Partial<PluginRow>; grants: string[] } {
  const grants = approved ? granted(before, approval, also, dev) : before.grants.filter(isApprovedByAttachment);
  const after = { ...before, grants };
  const sameGrants = before.grants.length === grants.length && grants.every((one) => before.grants.includes(one));
  return {
    grants,
    row: {
      serviceAccessAuthorized: approved && pendingOf(after).length === 0,
      uiTrusted: ui_trusted ?? before.uiTrusted,
      approvedCodeHash: grants.length > 0 ? before.codeHash : "",
      ...(sameGrants ? {} : { generation: before.generation + 1 }),
    },
  };
}

function granted(before: Plugin, approval: string | undefined, also: string[], dev: boolean): string[] {
  const requested = requestedOf(before);
  const kept = keptGrants(before.grants, requested);
  if (approval === undefined) {
    if (!dev && before.declaredCodeHash !== "" && before.codeHash !== before.declaredCodeHash)
      throw conflict(
        "The plugin's executable is not the one that was installed. Review the plugin again and send its attributes.approval as `approval`.",
        field,
      );
    const declared = requested.filter((capability) => before.declaredCapabilities.includes(capability));
    return [...new Set([...kept, ...declared, ...also])];
  }
  if (approval !== approvalOf(before))
    throw conflict(
      `The plugin has changed since you reviewed it: it now requests ${requested.join(", ") || "nothing"}. Review it again before you approve it.`,
      field,
    );
  return [...new Set([...kept, ...requested, ...also])];
}
