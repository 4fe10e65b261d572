import { randomUUID } from "node:crypto";
import { AppError, messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { ObjectHookType } from "@portico/protocol";
import { kindOf } from "@portico/protocol/kinds";
import type { ObjectHookResponse } from "@portico/protocol/plugin";
import type { Actor } from "../../auth/actor.ts";
import { may } from "../catalog/grants.ts";
import { isObject, type Json } from "../catalog/json.ts";
import type { Asker, Question } from "./asker.ts";
import { blamed, type Hookable, proposedObject, readAnswer, toWire, UnusableAnswer, writtenFields } from "./hookable.ts";
import { changesBetween } from "./journal-entry.ts";
import { changedFields, forbiddenChange } from "./policy.ts";
import type { Asked, Registrations } from "./registrations.ts";
import type { Accepted, HookedOperation, PluginChange } from "./types.ts";

const maxModifiedChars = 1024 * 1024;
const maxMetadataEntries = 64;
const maxMetadataChars = 2_000;

function modifiedObject(answer: ObjectHookResponse): Json | undefined {
  if (!answer.modified || answer.modifiedObjectJson === "") return undefined;
  if (answer.modifiedObjectJson.length > maxModifiedChars) throw new UnusableAnswer("it returned an object that is too large.");
  let object: unknown;
  try {
    object = JSON.parse(answer.modifiedObjectJson);
  } catch {
    throw new UnusableAnswer("it returned an object that is not JSON.");
  }
  if (!isObject(object)) throw new UnusableAnswer("it returned something other than an object.");
  return object;
}

/** Postgres keeps no NUL in its texts. */
const storable = (text: string, max: number): string => text.replaceAll("\0", "").slice(0, max);

const metadataOf = (pluginId: number, answer: ObjectHookResponse): Record<string, string> =>
  Object.fromEntries(
    Object.entries(answer.pluginMetadata)
      .slice(0, maxMetadataEntries)
      .map(([key, value]) => [`plugin_${pluginId}_${storable(key, 200)}`, storable(value, maxMetadataChars)]),
  );

const metaOf = ({ plugin }: Asked) => ({ plugin: plugin.name, plugin_id: plugin.id });

const rejection = (asked: Asked, { rejectionReason }: ObjectHookResponse) =>
  new AppError({
    code: "hook_rejected",
    message: storable(rejectionReason, maxMetadataChars) || "The plugin gave no reason.",
    meta: metaOf(asked),
  });

/** Not subject to the failure policy: a plugin must not get a right by being allowed to fail. */
class ForbiddenChange extends AppError {}

function forbid(asked: Asked, { field, scope }: { field: string; scope: string }): never {
  const message = `The plugin "${asked.plugin.name}" changed ${field}, which needs the scope ${scope}. Nothing was saved.`;
  throw new ForbiddenChange({ code: "hook_invalid", message, meta: metaOf(asked), issues: [{ field, message }] });
}

function blocking(asked: Asked, error: unknown): AppError {
  const meta = metaOf(asked);
  if (error instanceof UnusableAnswer) {
    const message = `The response of the plugin "${asked.plugin.name}" cannot be used: ${error.message} Nothing was saved.`;
    return new AppError({ code: "hook_invalid", message, meta, issues: error.issues });
  }
  const message = `The plugin "${asked.plugin.name}" must approve this and did not respond: ${messageOf(error)}`;
  return new AppError({ code: "plugin_unavailable", message, meta, cause: error });
}

type Proposal<Draft> = { draft: Draft; object: Json };
type Outcome<Draft> = { answer: ObjectHookResponse; next: (Proposal<Draft> & { change: PluginChange }) | undefined };

/** Runs the before-hooks of one operation. */
export type BeforeHooks = <Stored, Draft extends object>(
  description: Hookable<Stored, Draft>,
  step: {
    operation: HookedOperation;
    operationId: string;
    actor: Actor;
    before: Stored | undefined;
    /** Absent from a deletion, which plugins can only reject. */
    draft?: Draft;
  },
) => Promise<Accepted<Draft | undefined>>;

/**
 * Plugins are asked in order, each seeing what the ones before it made of the object; those asked before a later change are asked
 * again about the final object, where only their rejection counts.
 */
export function createBeforeHooks({
  registrations,
  ask,
  logger,
}: {
  registrations: Pick<Registrations, "askedAbout">;
  ask: Asker;
  logger: Logger;
}): BeforeHooks {
  return async function run<Stored, Draft extends object>(
    description: Hookable<Stored, Draft>,
    {
      operation,
      operationId,
      actor,
      before,
      draft,
    }: { operation: HookedOperation; operationId: string; actor: Actor; before: Stored | undefined; draft?: Draft },
  ) {
    const { kind, guards = {} } = description;
    const noun = kindOf(kind)?.noun ?? kind;
    const hookType: ObjectHookType = `before_${operation}`;
    // A plugin that writes has already judged what it writes; asking it would let it call itself without end.
    const asked = (await registrations.askedAbout(kind, hookType)).filter(({ plugin }) => plugin.id !== actor.pluginId);
    const metadata: Record<string, string> = {};
    const changes: PluginChange[] = [];
    if (asked.length === 0) return { draft, metadata, changes };

    const stored = before === undefined ? undefined : description.show(before);
    const previous = operation === "update" ? stored : undefined;
    const common = { hookType, objectType: kind, operationId, userId: actor.userId };
    const question = (phase: Question["phase"], object: Json): Question => ({
      ...common,
      phase,
      object: toWire(description, object),
      previous: previous && toWire(description, previous),
      changes: changesBetween(previous, object),
    });

    /** @returns what the plugin changed; undefined for nothing. @throws UnusableAnswer, or ForbiddenChange. */
    async function change(one: Asked, { draft, object }: Proposal<Draft>, modified: Json): Promise<Outcome<Draft>["next"]> {
      const next = readAnswer(description, { draft, object, before }, modified);
      const [was, is] = [writtenFields(description, draft), writtenFields(description, next)];
      const fields = changedFields(was, is);
      if (fields.length === 0) return undefined;
      const forbidden = forbiddenChange(guards, was, is, (scope) => may(one.plugin, scope));
      if (forbidden) forbid(one, forbidden);
      const proposed = await proposedObject(description, next, before).catch((error) => Promise.reject(blamed(noun, error)));
      return {
        draft: next,
        object: proposed,
        change: {
          plugin_id: one.plugin.id,
          plugin: one.plugin.name,
          fields,
          changes: fields.map((field) => ({ field, before: was[field], after: is[field] })),
        },
      };
    }

    /** undefined: the plugin gave no usable answer and may fail. */
    async function outcomeOf(one: Asked, phase: "mutate" | "validate", current: Partial<Proposal<Draft>> & { object: Json }) {
      try {
        const answer = await ask(one, question(phase, current.object));
        const modified = answer.allowOperation && phase === "mutate" ? modifiedObject(answer) : undefined;
        const next = modified && current.draft && (await change(one, { draft: current.draft, object: current.object }, modified));
        return { answer, next };
      } catch (error) {
        if (error instanceof ForbiddenChange) throw error;
        const blocks = one.failurePolicy === "fail_closed";
        logger.warn(blocks ? "object hook failed and blocked the operation" : "object hook failed and was skipped", {
          pluginId: one.plugin.id,
          plugin: one.plugin.name,
          hook: `${kind}.${hookType}`,
          operationId,
          reason: messageOf(error),
        });
        if (!blocks) return undefined;
        throw blocking(one, error);
      }
    }

    let current: Partial<Proposal<Draft>> & { object: Json } =
      draft === undefined ? { object: stored ?? {} } : { draft, object: await proposedObject(description, draft, before) };
    let lastChange = -1;
    const answered = new Set<Asked>();
    for (const [i, one] of asked.entries()) {
      const outcome = await outcomeOf(one, "mutate", current);
      if (!outcome) continue;
      if (!outcome.answer.allowOperation) throw rejection(one, outcome.answer);
      answered.add(one);
      Object.assign(metadata, metadataOf(one.plugin.id, outcome.answer));
      if (!outcome.next) continue;
      changes.push(outcome.next.change);
      current = outcome.next;
      lastChange = i;
    }
    for (const one of asked.slice(0, Math.max(0, lastChange))) {
      if (!answered.has(one)) continue;
      const outcome = await outcomeOf(one, "validate", current);
      if (!outcome) continue;
      if (!outcome.answer.allowOperation) throw rejection(one, outcome.answer);
      Object.assign(metadata, metadataOf(one.plugin.id, outcome.answer));
    }
    return { draft: current.draft, metadata, changes };
  };
}

export const newOperationId = (): string => randomUUID();
