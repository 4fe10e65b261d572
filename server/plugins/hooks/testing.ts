import { createLogger } from "@portico/core/logger";
import { ObjectHookResponse } from "@portico/protocol/plugin";
import type { Plugin } from "../catalog/store.ts";
import type { Question } from "./asker.ts";
import { createBeforeHooks } from "./before.ts";
import { createObjectHooks } from "./judge.ts";
import type { Asked } from "./registrations.ts";
import type { ObjectHooks } from "./types.ts";

type Object = Record<string, unknown>;
type Answer = { reject?: string; object?: unknown; metadata?: Record<string, string> };

/** A plugin that answers hooks in this process. */
export type FakePlugin = {
  id?: number;
  name?: string;
  grants?: string[];
  failurePolicy?: Asked["failurePolicy"];
  /** undefined allows the operation; a throw is a plugin that does not answer. */
  answer?: (object: Object, question: Question) => Answer | undefined;
};

/** Object hooks with plugins that answer here, and what each was asked. */
export function hooksOf(...plugins: FakePlugin[]): { hooks: ObjectHooks; seen: Question[] } {
  const seen: Question[] = [];
  const asked = plugins.map(({ id = 7, name = "gatekeeper", grants = [], failurePolicy = "fail_closed" }): Asked => {
    const plugin = { id, name, isActive: true, grants } as Partial<Plugin> as Plugin;
    return { plugin, priority: 0, failurePolicy, timeoutMs: undefined };
  });
  const before = createBeforeHooks({
    registrations: { askedAbout: async () => asked },
    async ask({ plugin }, question) {
      seen.push(question);
      const given = plugins[asked.findIndex((one) => one.plugin === plugin)]?.answer?.(structuredClone(question.object), question) ?? {};
      return ObjectHookResponse.fromPartial({
        allowOperation: given.reject === undefined,
        rejectionReason: given.reject ?? "",
        modified: given.object !== undefined,
        modifiedObjectJson:
          given.object === undefined ? "" : typeof given.object === "string" ? given.object : JSON.stringify(given.object),
        pluginMetadata: given.metadata ?? {},
      });
    },
    logger: createLogger({ level: "error" }),
  });
  return { hooks: createObjectHooks({ before }), seen };
}
