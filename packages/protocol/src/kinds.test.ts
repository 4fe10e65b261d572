import { expect, test } from "vitest";
import { changeActions, decides, hookedKinds, objectKinds, resourceOfKind, staleRoots } from "./kinds.ts";

const topics = [...Object.keys(objectKinds), "session", "usage"].flatMap((kind) =>
  [...changeActions, "state", "recorded"].map((action) => `system.${kind}.${action}`),
);
/** The rules of the releases before the table, and secrets, which LLMs refer to. */
const before = {
  edges: /^system\.((llm|app|credential|model_price|user|secret)\.(?!state$|recorded$)|plugin\.(?!state$|recorded$)|edge\.created$)/,
  admission: /^system\.(app|credential|user|llm)\.(?!state$|recorded$)/,
  budgets: /^system\.(app|llm|model_price)\.(?!state$|recorded$)/,
};

test("edges, admission and budgets follow the changes that they always followed, and nothing that is no change of an object", () => {
  for (const what of ["edges", "admission", "budgets"] as const)
    for (const topic of topics) expect(decides(topic, what), `${what} ${topic}`).toBe(before[what].test(topic));
  expect(decides("system.constructor.created", "edges")).toBe(false);
});

test("a page is refreshed for its own objects and for what it shows of others", () => {
  expect(staleRoots("credentials")).toEqual(["credentials", "apps"]);
  expect(staleRoots("llms")).toEqual(["llms", "apps", "catalogues"]);
  expect(staleRoots("usage")).toEqual(["analytics", "calls"]);
  expect(staleRoots("something-new")).toEqual(["something-new"]);
  expect(resourceOfKind("model_price")).toBe("model-prices");
  expect(resourceOfKind("toString")).toBe("toString");
});

test("plugins hook LLMs, data sources, tools and users", () => {
  expect([...hookedKinds].sort()).toEqual(["datasource", "llm", "tool", "user"]);
});
