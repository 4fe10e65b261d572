import { randomUUID } from "node:crypto";
import { AppError, messageOf } from "@portico/core";
import type { Logger } from "@portico/core/logger";
import type { ObjectHookType } from "@portico/protocol";
import type { ObjectHookResponse } from "@portico/protocol/plugin";
import type { Actor } from "../../auth/actor.ts";
import { may } from "../catalog/grants.ts";
import { isObject, type Json } from "../catalog/json.ts";
import type { Lifecycle } from "../processes/lifecycle.ts";
import { fromHookJson, ourFieldName, toHookJson } from "./mapping.ts";
import { changedFields, failurePolicyOf, forbiddenChange, withGuardedFields } from "./policy.ts";
import type { Asked, Registrations } from "./registrations.ts";
import type { HookedObject, HookedOperation, HookVerdict, ObjectHooks, PluginChange } from "./types.ts";

const maxModifiedChars = 1024 * 1024;
const maxMetadataEntries = 64;
const maxMetadataChars = 2_000;

export type HookTimings = {
  /** For one question to one plugin. */
  deadlineMs: number;
  /** How long a process that is starting is waited for before that. */
  startWaitMs: number;
};

type Question = {
  hookType: ObjectHookType;
  objectType: HookedObject;
  operationId: string;
  userId: number;
  phase: "mutate" | "validate" | "after";
};

/** One question to one plugin. @throws AppError when it cannot be asked or gives no usable answer. */
export function createAsker({ lifecycle, timings }: { lifecycle: Pick<Lifecycle, "whenReady">; timings: HookTimings }) {
  return async ({ plugin }: Pick<Asked, "plugin">, question: Question, object: Json): Promise<ObjectHookResponse> => {
    const process = await lifecycle.whenReady(plugin.id, { timeoutMs: timings.startWaitMs });
    const { hookType, objectType, operationId, userId, phase } = question;
    return process.call(
      "handleObjectHook",
      {
        hookType,
        objectType,
        operationId,
        userId,
        pluginId: plugin.id,
        context: undefined,
        objectJson: JSON.stringify(object),
        metadata: { phase },
        timestamp: Math.floor(Date.now() / 1000),
      },
      { timeoutMs: timings.deadlineMs },
    );
  };
}
export type Asker = ReturnType<typeof createAsker>;

function modifiedObject(answer: ObjectHookResponse): Json | undefined {
  if (!answer.modified || answer.modifiedObjectJson === "") return undefined;
  if (answer.modifiedObjectJson.length > maxModifiedChars) throw new Error("it answered with an object that is too large");
  let object: unknown;
  try {
    object = JSON.parse(answer.modifiedObjectJson);
  } catch {
    throw new Error("it answered with an object that is not JSON");
  }
  if (!isObject(object)) throw new Error("it answered with something that is not an object");
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

/** @returns the fields that the plugin changed. @throws AppError when it has no right to change one of them. */
function allowedChanges({ plugin }: Asked, objectType: HookedObject, before: Json, after: Json): string[] {
  const forbidden = forbiddenChange(objectType, before, after, (scope) => may(plugin, scope));
  if (!forbidden) return changedFields(before, after).map((field) => ourFieldName(objectType, field));
  const { field, scope } = forbidden;
  const message = `The plugin "${plugin.name}" changed ${field}, which needs the scope ${scope}. Nothing was saved.`;
  const meta = { plugin: plugin.name, plugin_id: plugin.id };
  throw new AppError({ code: "plugin_invalid", message, meta, issues: [{ field, message, code: "plugin_invalid" }] });
}

/**
 * Lets plugins judge and change objects before they are written. Plugins are asked in order, each seeing what the former made of
 * the object; those asked before a later change are asked again about the final object, where only their refusal counts.
 */
export function createObjectHooks({
  registrations,
  ask,
  logger,
}: {
  registrations: Registrations;
  ask: Asker;
  logger: Logger;
}): ObjectHooks {
  type Outcome = { answer: ObjectHookResponse; object: Json | undefined };

  /** undefined: the plugin gave no usable answer and is allowed to fail. */
  async function outcomeOf(asked: Asked, question: Question, object: Json): Promise<Outcome | undefined> {
    try {
      const answer = await ask(asked, question, object);
      const modified = answer.allowOperation ? modifiedObject(answer) : undefined;
      return { answer, object: modified && withGuardedFields(question.objectType, object, modified) };
    } catch (error) {
      const { plugin, config } = asked;
      const closed = failurePolicyOf(plugin, config) === "fail_closed";
      logger.warn(closed ? "an object hook failed and blocked the operation" : "an object hook failed and was passed over", {
        pluginId: plugin.id,
        plugin: plugin.name,
        hook: `${question.objectType}.${question.hookType}`,
        operationId: question.operationId,
        reason: messageOf(error),
      });
      if (!closed) return undefined;
      throw new AppError({
        code: "plugin_unavailable",
        message: `The plugin "${plugin.name}" must agree to this and did not answer: ${messageOf(error)}`,
        meta: { plugin: plugin.name, plugin_id: plugin.id },
        cause: error,
      });
    }
  }

  async function before(
    { object: objectType, operation }: { object: HookedObject; operation: HookedOperation },
    value: Json,
    actor: Actor,
  ): Promise<HookVerdict> {
    const hookType: ObjectHookType = `before_${operation}`;
    // A plugin that writes has already judged what it writes; asking it would let it call itself without end.
    const asked = (await registrations.askedAbout(objectType, hookType)).filter(({ plugin }) => plugin.id !== actor.pluginId);
    if (asked.length === 0) return { outcome: "accepted", object: value, metadata: {}, changes: [] };

    const question = { hookType, objectType, operationId: randomUUID(), userId: actor.userId };
    const shown = toHookJson(objectType, value);
    let object = shown;
    let lastChange = -1;
    const heard = new Set<Asked>();
    const metadata: Record<string, string> = {};
    const changes: PluginChange[] = [];
    const rejected = ({ plugin }: Asked, { rejectionReason }: ObjectHookResponse): HookVerdict => ({
      outcome: "rejected",
      pluginId: plugin.id,
      plugin: plugin.name,
      reason: storable(rejectionReason, maxMetadataChars) || "The plugin gave no reason.",
    });

    for (const [i, one] of asked.entries()) {
      const outcome = await outcomeOf(one, { ...question, phase: "mutate" }, object);
      if (!outcome) continue;
      if (!outcome.answer.allowOperation) return rejected(one, outcome.answer);
      heard.add(one);
      Object.assign(metadata, metadataOf(one.plugin.id, outcome.answer));
      if (!outcome.object || operation === "delete") continue;
      const fields = allowedChanges(one, objectType, object, outcome.object);
      if (fields.length === 0) continue;
      changes.push({ plugin_id: one.plugin.id, plugin: one.plugin.name, fields });
      object = outcome.object;
      lastChange = i;
    }
    for (const one of asked.slice(0, Math.max(0, lastChange))) {
      if (!heard.has(one)) continue;
      const outcome = await outcomeOf(one, { ...question, phase: "validate" }, object);
      if (!outcome) continue;
      if (!outcome.answer.allowOperation) return rejected(one, outcome.answer);
      Object.assign(metadata, metadataOf(one.plugin.id, outcome.answer));
    }
    return { outcome: "accepted", object: lastChange < 0 ? value : fromHookJson(objectType, shown, object), metadata, changes };
  }

  return { before };
}
