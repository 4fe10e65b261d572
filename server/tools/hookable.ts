import { slugify } from "@portico/core";
import { type Hookable, hookable } from "../plugins/hooks/hookable.ts";
import { type Guard, isChanged } from "../plugins/hooks/policy.ts";
import { redacted, ToolDraft, ToolFields } from "./contract.ts";
import type { Tool } from "./store.ts";
import { toAttributes } from "./wire.ts";

/** Each of these decides which host gets the tool's key. */
const keyTarget: Guard = { scope: "tools.write", needs: isChanged };

/** Tools for plugins to judge and change. The key is not theirs to see or change, and neither is where it is sent. */
export const hookableTool = ({ check }: { check(draft: ToolDraft): Promise<unknown> }): Hookable<Tool, ToolDraft> =>
  hookable<Tool, ToolDraft>({
    kind: "tool",
    fields: ToolFields,
    schema: ToolDraft,
    // Files and tools are shown as the reference shows them.
    show: (tool) => ({ id: tool.id, ...toAttributes(tool), file_stores: tool.files, dependencies: tool.dependencies }),
    async derive(draft, before) {
      await check(draft);
      return {
        slug: slugify(draft.name),
        filters: [],
        file_stores: before?.files ?? [],
        dependencies: before?.dependencies ?? [],
        has_auth_key: draft.auth_key === redacted ? (before?.hasAuthKey ?? false) : draft.auth_key !== "",
      };
    },
    secretFields: ["auth_key"],
    guards: { oas_spec: keyTarget, base_url: keyTarget, auth_schema_name: keyTarget, namespace: keyTarget },
  });
