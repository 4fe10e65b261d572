import { slugify } from "@portico/core";
import { faultOfGlobs } from "@portico/core/model-router";
import { z } from "zod";
import { attributesOf, draftOf, patchOf, replacementOf, timestamps } from "../fields/contract/resource.ts";
import { Flag, Id, must, Namespace, text } from "../fields/contract.ts";
import { resourceOf } from "../http/contract.ts";

const wholeNumber = (min: number, max: number) =>
  z
    .number("must be a number")
    .int("must be a whole number")
    .min(min, `must be from ${min} to ${max}`)
    .max(max, `must be from ${min} to ${max}`);

/** What answers show and callers may send back: pools and what is in them are made again with every change. */
const ignored = z.unknown().optional().meta({ readOnly: true, description: "Read-only: ignored." });

const Model = text(200).min(1, "is required");

const Mapping = z
  .strictObject({ id: ignored, source_model: Model, target_model: Model })
  .transform(({ source_model, target_model }) => ({ source_model, target_model }));

const Vendor = z
  .strictObject({
    id: ignored,
    llm: ignored,
    llm_id: Id,
    /** 0 counts as 1. */
    weight: wholeNumber(0, 1_000_000).default(1),
    active: Flag.default(true),
    mappings: z
      .array(Mapping, { error: must("a list") })
      .max(100, "must have at most 100 mappings")
      .default([]),
  })
  .transform(({ llm_id, weight, active, mappings }) => ({ llm_id, weight: weight || 1, active, mappings }));

export const selectionAlgorithms = ["round_robin", "weighted"] as const;

const Pool = z
  .strictObject({
    id: ignored,
    name: text(120).min(1, "is required"),
    model_pattern: text(500).superRefine((value, ctx) => {
      const fault = faultOfGlobs(value);
      if (fault) ctx.addIssue({ code: "custom", message: fault });
    }),
    selection_algorithm: z.enum(selectionAlgorithms, { error: must(`one of ${selectionAlgorithms.join(", ")}`) }).default("round_robin"),
    /** Pools of a higher priority are looked at first. */
    priority: wholeNumber(-1_000_000, 1_000_000).default(0),
    vendors: z
      .array(Vendor, { error: must("a list") })
      .min(1, "must have at least one LLM")
      .max(50, "must have at most 50 LLMs"),
  })
  .transform(({ id: _, ...pool }) => pool);

const Pools = z
  .array(Pool, { error: must("a list of pools") })
  .min(1, "must have at least one pool")
  .max(50, "must have at most 50 pools");
export type PoolDraft = z.output<typeof Pool>;

export const ModelRouterFields = {
  name: text(120)
    .min(1, "is required")
    .refine((name) => slugify(name) !== "", "needs at least one letter from a to z or a digit: the slug is made from it"),
  description: text(2000),
  api_compat: z.enum(["openai"], { error: must("openai") }),
  active: Flag,
  namespace: Namespace,
  pools: Pools,
  /** Of the router's path at gateways; "" follows the name. */
  slug: text(120).refine((slug) => slug === slugify(slug), "takes small letters, digits, underscores and single hyphens"),
};

const defaults = { description: "", api_compat: "openai" as const, active: false, namespace: "", slug: "" };

export const ModelRouterDraft = draftOf(ModelRouterFields, defaults);
export type ModelRouterDraft = z.infer<typeof ModelRouterDraft>;

const LlmOfVendor = z.object({ id: z.number(), name: z.string(), vendor: z.string(), active: z.boolean() });

const PoolShown = z.object({
  id: z.number(),
  name: z.string(),
  model_pattern: z.string(),
  selection_algorithm: z.enum(selectionAlgorithms),
  priority: z.number(),
  vendors: z.array(
    z.object({
      id: z.number(),
      llm_id: z.number(),
      weight: z.number(),
      active: z.boolean(),
      llm: LlmOfVendor,
      mappings: z.array(z.object({ id: z.number(), source_model: z.string(), target_model: z.string() })),
    }),
  ),
});
export type PoolShown = z.infer<typeof PoolShown>;

export const ModelRouterAttributes = attributesOf(ModelRouterFields, { pools: z.array(PoolShown), ...timestamps });
export type ModelRouterAttributes = z.infer<typeof ModelRouterAttributes>;

const shape = { shown: ModelRouterAttributes };

export const ModelRouterPatch = patchOf(ModelRouterFields, shape);
export type ModelRouterPatch = z.infer<typeof ModelRouterPatch>;

export const ModelRouterReplacement = replacementOf(ModelRouterFields, defaults, shape);

export const ModelRouterToggle = z.strictObject({ active: Flag });

export const ModelRouterResource = resourceOf("model-routers", ModelRouterAttributes);
export type ModelRouterResource = z.infer<typeof ModelRouterResource>;

/** A model that a client would ask for, of a stored router or of pools that are not stored yet. */
export const RouterDryRun = z
  .strictObject({ model: Model, router_id: Id.optional(), pools: Pools.optional() })
  .refine(({ router_id, pools }) => (router_id === undefined) !== (pools === undefined), {
    path: ["router_id"],
    message: "is required unless pools are sent, and not together with them",
  });
export type RouterDryRun = z.infer<typeof RouterDryRun>;

export const RouterChoice = z.object({
  model: z.string(),
  /** Null when no pool takes the model. */
  pool: z
    .object({ name: z.string(), model_pattern: z.string(), selection_algorithm: z.enum(selectionAlgorithms), priority: z.number() })
    .nullable(),
  candidates: z.array(
    z.object({
      llm: LlmOfVendor,
      /** Of calls, from 0 to 1. */
      share: z.number(),
      /** What it would be asked for. */
      model: z.string(),
      /** Why its calls would fail as things are; null when they would not. */
      problem: z.string().nullable(),
    }),
  ),
  /** What a client would be answered instead; null when there is a candidate. */
  error: z.string().nullable(),
});
export type RouterChoice = z.infer<typeof RouterChoice>;
