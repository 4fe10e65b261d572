import { invalid, slugify } from "@portico/core";
import type { Outbound } from "@portico/outbound";
import { type Hookable, hookable } from "../plugins/hooks/hookable.ts";
import { type Guard, isChanged } from "../plugins/hooks/policy.ts";
import { referenceIn } from "../secrets/contract/reference-text.ts";
import { redacted, ToolDraft, ToolFields } from "./contract.ts";
import type { Tool } from "./store.ts";
import { toAttributes } from "./wire.ts";

/** Each of these decides which host gets the tool's key. */
const keyTarget: Guard = { scope: "tools.write", needs: isChanged };

/** Tools for plugins to judge and change. The key is not theirs to see or change, and neither is where it is sent. */
export const hookableTool = ({
  readDocument,
  outbound,
}: {
  /** @throws AppError for a draft that does not fit its document. */
  readDocument(draft: ToolDraft): Promise<unknown>;
  outbound: Pick<Outbound, "faultOfUrl">;
}): Hookable<Tool, ToolDraft> =>
  hookable<Tool, ToolDraft>({
    kind: "tool",
    fields: ToolFields,
    schema: ToolDraft,
    // Files and tools are shown as the reference shows them.
    show: (tool) => ({ id: tool.id, ...toAttributes(tool), file_stores: tool.files, dependencies: tool.dependencies }),
    async derive(draft, before) {
      await readDocument(draft);
      return {
        slug: slugify(draft.name),
        filters: [],
        file_stores: before?.files ?? [],
        dependencies: before?.dependencies ?? [],
        has_auth_key: draft.auth_key === redacted ? (before?.hasAuthKey ?? false) : draft.auth_key !== "",
        auth_key_reference:
          draft.auth_key === redacted ? (before?.authKeyReference ?? "") : referenceIn(draft.auth_key) ? draft.auth_key : "",
      };
    },
    secretFields: ["auth_key"],
    guards: { oas_spec: keyTarget, base_url: keyTarget, auth_schema_name: keyTarget, namespace: keyTarget },
    /** Names are judged again by what they resolve to, at each connection. A base URL that stays may stay. */
    check({ base_url }, before) {
      if (base_url === "" || base_url.replace(/\/+$/, "") === before?.baseUrl) return;
      const fault = outbound.faultOfUrl("tool", new URL(base_url));
      if (fault) throw invalid("base_url", fault);
    },
  });
