import type { Actor } from "../../auth/actor.ts";
import type { Change } from "../../db/journal.ts";
import type { Hookable } from "./hookable.ts";

export type HookedOperation = "create" | "update" | "delete";

/** What one plugin changed of a draft. */
export type PluginChange = {
  plugin_id: number;
  plugin: string;
  fields: string[];
  changes: { field: string; before: unknown; after: unknown }[];
};

type Json = Record<string, unknown>;

export type Accepted<Draft> = {
  /** The draft as plugins left it, valid like a caller's. */
  draft: Draft;
  /** What plugins keep with the object; to be merged into its metadata. */
  metadata: Record<string, string>;
  /** Who changed what of the draft that the caller sent. */
  changes: PluginChange[];
};
export type AcceptedCreate<Stored, Draft> = Accepted<Draft> & {
  /** For the journal. */
  created(stored: Stored): Change;
};
export type AcceptedUpdate<Stored, Draft> = Accepted<Draft> & {
  /** For the journal. @param sent what the caller named, without secrets. */
  updated(stored: Stored, sent: Json): Change;
};
export type AcceptedRemoval = {
  /** For the journal. @param named what the audit trail keeps of the object. */
  deleted(named: Json): Change;
};

/**
 * Lets plugins judge what is about to be written, outside any transaction; each plugin has a deadline. Each verdict makes the journal
 * entry of the write, from which after-hooks run.
 * @throws AppError hook_rejected with the plugin's reason; hook_invalid when its answer cannot be used; plugin_unavailable when there is
 * none and the hook's failure policy is closed; what `check` throws of the caller's own draft.
 */
export type Judge<Stored, Draft> = {
  create(actor: Actor, draft: Draft): Promise<AcceptedCreate<Stored, Draft>>;
  update(actor: Actor, before: Stored, draft: Draft): Promise<AcceptedUpdate<Stored, Draft>>;
  remove(actor: Actor, before: Stored): Promise<AcceptedRemoval>;
  /** The journal entry of an update that plugins do not judge. */
  unjudged(actor: Actor, before: Stored, after: Stored, changes: Json): Change;
};

/** What feature services need of the plugin system. */
export type ObjectHooks = {
  judge<Stored, Draft extends object>(description: Hookable<Stored, Draft>): Judge<Stored, Draft>;
};
