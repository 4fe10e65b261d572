import { expect, test } from "vitest";
import { sampleOf } from "./schema-sample.ts";

test("a body starts from the document's example, else from its required fields", () => {
  expect(sampleOf({ type: "object", example: { a: 1 } })).toEqual({ a: 1 });
  expect(
    sampleOf({
      type: "object",
      required: ["title", "tags", "kind"],
      properties: {
        title: { type: "string" },
        tags: { type: "array", items: { type: "string", default: "new" } },
        kind: { enum: ["bug", "wish"] },
        note: { type: "string" },
      },
    }),
  ).toEqual({ title: "", tags: ["new"], kind: "bug" });
  expect(sampleOf({ properties: { n: { type: ["null", "integer"], minimum: 3 }, b: { type: "boolean" }, any: {} } })).toEqual({
    n: 3,
    b: false,
    any: null,
  });
  expect(sampleOf({ oneOf: [{ type: "object", properties: { x: { type: "number" } } }] })).toEqual({ x: 0 });
});

test("a schema that is nested without end ends", () => {
  const loop: Record<string, unknown> = { type: "object", properties: {} };
  loop.properties = { next: loop };
  expect(JSON.stringify(sampleOf(loop)).length).toBeLessThan(200);
});
