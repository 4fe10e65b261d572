import { z } from "zod";
import { attributesOf, draftOf, patchOf, replacementOf, timestamps } from "../fields/contract/resource.ts";
import { Budget, emptyList, Flag, Id, Ids, Namespace, Time, text } from "../fields/contract.ts";
import { resourceOf } from "../http/contract.ts";
import { LlmAttributes } from "../llms/contract.ts";

export const AppFields = {
  name: text(120).min(1, "is required"),
  description: text(2000),
  /** The owner; an app that lost its owner gets a new one with this. */
  user_id: Id,
  llm_ids: Ids,
  tool_ids: Ids,
  datasource_ids: Ids,
  /** Dollars a month; null is unlimited. */
  monthly_budget: Budget,
  budget_start_date: Time,
  metadata: z.record(z.string(), z.unknown(), "must be an object"),
  is_active: Flag,
  /** Cannot change; a change may name it as it is. */
  namespace: Namespace,
};

const none = {
  plugin_resources: emptyList("plugin resources"),
};

const defaults = {
  description: "",
  user_id: undefined,
  llm_ids: [],
  tool_ids: [],
  datasource_ids: [],
  monthly_budget: null,
  budget_start_date: null,
  metadata: {},
  is_active: true,
  namespace: "",
};

/** A new app. Without `user_id` it is the caller's; with `activate` its credential works at once, without an administrator's approval. */
export const AppDraft = draftOf({ ...AppFields, activate: Flag, ...none }, { ...defaults, activate: false });
export type AppDraft = z.infer<typeof AppDraft>;

const { user_id: _owner, is_active: _active, namespace: _namespace, ...ownFields } = AppFields;
const { user_id: _none, is_active: _always, namespace: _global, ...ownDefaults } = defaults;

/** An app that somebody creates in the portal. `data_source_ids` is the reference's name of `datasource_ids` here; both count. */
export const OwnAppDraft = draftOf({ ...ownFields, ...none, data_source_ids: Ids }, { ...ownDefaults, data_source_ids: [] });
export type OwnAppDraft = z.infer<typeof OwnAppDraft>;

/** A credential as the answer that creates it shows it. */
const NewCredential = z.object({
  id: z.string(),
  key_id: z.string(),
  secret: z.string(),
  /** Last characters of the secret, to recognize it by. */
  hint: z.string(),
  active: z.boolean(),
});

export const AppAttributes = attributesOf(AppFields, {
  /** null for an app that lost its owner. */
  user_id: z.number().nullable(),
  owner: z.object({ id: z.number(), name: z.string(), email: z.string() }).nullable(),
  /** The oldest credential: the one that came with the app, or what took its place. */
  credential_id: z.number().nullable(),
  /** At least one credential is active. */
  credential_active: z.boolean(),
  /** Dollars spent in the current budget period, over all edges. */
  current_spend: z.number(),
  is_orphaned: z.boolean(),
  /** Only in the answer that creates the app, and then with its secret; for an app's owner without. */
  credential: NewCredential.nullable().optional(),
  ...timestamps,
});
export type AppAttributes = z.infer<typeof AppAttributes>;

const shape = { shown: AppAttributes, fixed: ["credential_id"] };

/** `llm_ids`, `tool_ids`, `datasource_ids` and `metadata` replace all. */
export const AppPatch = patchOf({ ...AppFields, ...none }, shape);
export type AppPatch = z.infer<typeof AppPatch>;

/** Without `user_id` the owner stays, without `namespace` the namespace. */
export const AppReplacement = replacementOf({ ...AppFields, ...none }, { ...defaults, namespace: undefined }, shape);

export const AppResource = resourceOf("app", AppAttributes);
export type AppResource = z.infer<typeof AppResource>;

/** An LLM as the owner of an app sees it: what a program needs to call it, without the vendor's address. */
export const AppLlmResource = resourceOf(
  "app-llms",
  z.object({
    name: z.string(),
    slug: z.string(),
    vendor: LlmAttributes.shape.vendor,
    default_model: z.string(),
    short_description: z.string(),
    /** Path of the vendor's endpoint: clients add a version when it has none. */
    endpoint_path: z.string(),
  }),
);
export type AppLlmResource = z.infer<typeof AppLlmResource>;
