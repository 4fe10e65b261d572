import { z } from "zod";
import { Budget, emptyList, Flag, Id, Ids, Namespace, Time, text } from "../fields/contract.ts";

const fields = {
  name: text(120).min(1, "is required"),
  description: text(2000),
  /** The owner; an app that lost its owner gets a new one with this. */
  user_id: Id,
  llm_ids: Ids,
  monthly_budget: Budget,
  budget_start_date: Time,
  metadata: z.record(z.string(), z.unknown(), "must be an object"),
  is_active: Flag,
};
const none = {
  datasource_ids: emptyList("datasources"),
  tool_ids: emptyList("tools"),
  plugin_resources: emptyList("plugin resources"),
};

export const AppDraft = z.strictObject({
  name: fields.name,
  description: fields.description.default(""),
  /** Absent: the caller. */
  user_id: fields.user_id.optional(),
  llm_ids: fields.llm_ids.nullable().default([]),
  monthly_budget: fields.monthly_budget.default(null),
  budget_start_date: fields.budget_start_date.default(null),
  namespace: Namespace.default(""),
  metadata: fields.metadata.nullable().default({}),
  is_active: fields.is_active.default(true),
  /** Its credential works at once, without an administrator's approval. */
  activate: Flag.default(false),
  ...none,
});
export type AppDraft = z.infer<typeof AppDraft>;

/** A change names only what it changes; `llm_ids` and `metadata` replace all. */
export const AppPatch = z
  .strictObject({
    ...fields,
    /** Cannot change; may be sent as it is. */
    namespace: Namespace,
    ...none,
  })
  .partial();
export type AppPatch = z.infer<typeof AppPatch>;

/** A credential as the answer that creates it shows it. */
export const NewCredential = z.object({ id: z.string(), key_id: z.string(), secret: z.string(), active: z.boolean() });

/** What the API shows of an app. */
export const AppAttributes = z.object({
  name: z.string(),
  description: z.string(),
  user_id: z.number().nullable(),
  owner: z.object({ id: z.number(), name: z.string(), email: z.string() }).nullable(),
  /** The oldest credential: the one that came with the app, or what took its place. */
  credential_id: z.number().nullable(),
  /** At least one credential is let in. */
  credential_active: z.boolean(),
  llm_ids: z.array(z.number()),
  datasource_ids: z.array(z.number()),
  tool_ids: z.array(z.number()),
  monthly_budget: z.number().nullable(),
  budget_start_date: z.string().nullable(),
  /** Dollars spent in the current budget period, over all edges. */
  current_spend: z.number(),
  is_active: z.boolean(),
  is_orphaned: z.boolean(),
  metadata: z.record(z.string(), z.unknown()),
  namespace: z.string(),
  /** Only in the answer that creates the app, and then with its secret; for an app's owner without. */
  credential: NewCredential.nullable().optional(),
  created_at: z.string(),
  updated_at: z.string(),
});
