import { expect, expectTypeOf, test } from "vitest";
import { configSchema } from "./config.ts";
import { definePlugin } from "./define.ts";
import { method, type RpcOf, type StandardSchema } from "./rpc.ts";
import { testPlugin } from "./testing.ts";

/** What zod and its like provide, without depending on one. */
const idArgs: StandardSchema<{ id: string }, { id: number }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      const { id } = value as { id?: unknown };
      return typeof id === "string" && /^\d+$/.test(id)
        ? { value: { id: Number(id) } }
        : { issues: [{ message: "must be digits", path: ["id"] }] };
    },
  },
};

const plugin = definePlugin({
  manifest: { id: "a", version: "1", name: "A", capabilities: { hooks: ["studio_ui"] } },
  configSchema: configSchema({ type: "object", properties: { unit: { type: "string", default: "pcs" } } }),
  rpc: {
    count: async (_, { config }) => ({ count: 3, unit: config.unit }),
    double: method(idArgs, ({ id }) => id * 2),
  },
});
type Rpc = RpcOf<typeof plugin>;

test("a page knows the methods of its plugin, their arguments and results", () => {
  expectTypeOf<keyof Rpc>().toEqualTypeOf<"count" | "double">();
  expectTypeOf<Rpc["count"]["result"]>().toEqualTypeOf<{ count: number; unit: string }>();
  expectTypeOf<Rpc["double"]["args"]>().toEqualTypeOf<{ id: string }>();
  expectTypeOf<Rpc["double"]["result"]>().toEqualTypeOf<number>();
});

test("a checked method never runs with arguments that do not fit, and the error names them", async () => {
  const tested = await testPlugin(plugin);
  expect(await tested.rpc("double", { id: "21" })).toBe(42);
  await expect(tested.rpc("double", { id: "x" })).rejects.toThrow("id: must be digits");
});
