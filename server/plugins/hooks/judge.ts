import { type BeforeHooks, newOperationId } from "./before.ts";
import { writtenFields } from "./hookable.ts";
import { entryOf } from "./journal-entry.ts";
import type { ObjectHooks } from "./types.ts";

/** The before-hooks as feature services use them. */
export const createObjectHooks = ({ before: run }: { before: BeforeHooks }): ObjectHooks => ({
  judge(description) {
    const { check } = description;
    return {
      async create(actor, sent) {
        check?.(sent, undefined);
        const operationId = newOperationId();
        const {
          draft = sent,
          metadata,
          changes,
        } = await run(description, {
          operation: "create",
          operationId,
          actor,
          before: undefined,
          draft: sent,
        });
        return {
          draft,
          metadata,
          changes,
          created: (stored) =>
            entryOf(description, {
              actor,
              operationId,
              action: "created",
              stored,
              changes: writtenFields(description, draft),
              byPlugins: changes,
            }),
        };
      },

      async update(actor, before, sent) {
        check?.(sent, before);
        const operationId = newOperationId();
        const {
          draft = sent,
          metadata,
          changes,
        } = await run(description, { operation: "update", operationId, actor, before, draft: sent });
        return {
          draft,
          metadata,
          changes,
          updated: (stored, named) =>
            entryOf(description, {
              actor,
              operationId,
              action: "updated",
              stored,
              previous: before,
              changes: named,
              byPlugins: changes,
            }),
        };
      },

      async remove(actor, before) {
        const operationId = newOperationId();
        await run(description, { operation: "delete", operationId, actor, before });
        return { deleted: (named) => entryOf(description, { actor, operationId, action: "deleted", stored: before, changes: named }) };
      },

      unjudged: (actor, before, after, changes) =>
        entryOf(description, { actor, operationId: newOperationId(), action: "updated", stored: after, previous: before, changes }),
    };
  },
});
