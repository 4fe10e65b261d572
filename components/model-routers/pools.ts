import type { ModelRouterAttributes } from "../../server/model-routers/contract.ts";
import { numberOf } from "../form/values.ts";

/** Pools as a form holds them: ids and numbers as fields have them, mappings as lines of text. */
export type VendorValues = { llm_id: string; weight: number | string; active: boolean; mappings: string };
export type PoolValues = {
  name: string;
  model_pattern: string;
  selection_algorithm: "round_robin" | "weighted";
  priority: number | string;
  vendors: VendorValues[];
};

export const newVendor = (): VendorValues => ({ llm_id: "", weight: 1, active: true, mappings: "" });
export const newPool = (): PoolValues => ({
  name: "all",
  model_pattern: "*",
  selection_algorithm: "round_robin",
  priority: 0,
  vendors: [newVendor()],
});

export const poolValuesOf = (pools: ModelRouterAttributes["pools"]): PoolValues[] =>
  pools.map(({ name, model_pattern, selection_algorithm, priority, vendors }) => ({
    name,
    model_pattern,
    selection_algorithm,
    priority,
    vendors: vendors.map(({ llm_id, weight, active, mappings }) => ({
      llm_id: String(llm_id),
      weight,
      active,
      mappings: mappings.map(({ source_model, target_model }) => `${source_model} = ${target_model}`).join("\n"),
    })),
  }));

/** As the API takes them. */
export const poolsOf = (pools: PoolValues[]) =>
  pools.map((pool) => ({
    ...pool,
    priority: numberOf(pool.priority) ?? 0,
    vendors: pool.vendors.map(({ llm_id, weight, active, mappings }) => ({
      llm_id: Number(llm_id),
      weight: numberOf(weight) ?? 1,
      active,
      mappings: mappings
        .split("\n")
        .filter((line) => line.trim() !== "")
        .map((line) => {
          const [source = "", ...target] = line.split("=");
          return { source_model: source.trim(), target_model: target.join("=").trim() };
        }),
    })),
  }));
