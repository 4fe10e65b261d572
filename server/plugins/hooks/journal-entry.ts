import type { Actor } from "../../auth/actor.ts";
import type { Change } from "../../db/journal.ts";
import type { Json } from "../catalog/json.ts";
import { type Hookable, toWire } from "./hookable.ts";
import { changedFields } from "./policy.ts";
import type { PluginChange } from "./types.ts";

/** Fields in which an object differs from what it was; none of an object that was not there before. */
export const changesBetween = (previous: Json | undefined, object: Json): string[] =>
  previous === undefined ? [] : changedFields(previous, object).filter((field) => field !== "updated_at");

/**
 * The journal's entry of a hooked operation: what the caller sent and what plugins changed, told apart, and the objects as after-hooks
 * get them.
 */
export function entryOf<Stored, Draft extends object>(
  description: Hookable<Stored, Draft>,
  {
    actor,
    operationId,
    action,
    stored,
    previous,
    changes,
    byPlugins = [],
  }: {
    actor: Actor;
    operationId: string;
    action: "created" | "updated" | "deleted";
    /** As it is now, or as it was when it was deleted. */
    stored: Stored;
    previous?: Stored;
    changes: Json;
    byPlugins?: PluginChange[];
  },
): Change {
  const object = description.show(stored);
  const before = previous === undefined ? undefined : description.show(previous);
  const changed = byPlugins.flatMap(({ fields }) => fields).filter((field) => Object.hasOwn(object, field));
  return {
    kind: description.kind,
    action,
    id: Number(object.id),
    actor,
    object: action === "deleted" ? null : object,
    changes: {
      ...changes,
      ...Object.fromEntries(changed.map((field) => [field, object[field]])),
      ...(byPlugins.length === 0 ? {} : { changed_by_plugins: byPlugins }),
    },
    hook: {
      operation_id: operationId,
      object: toWire(description, object),
      previous: before === undefined ? null : toWire(description, before),
      changes: changesBetween(before, object),
    },
  };
}
