import { afterAll, expect, test } from "vitest";
import { createSchemas } from "./schemas.ts";

const schemas = createSchemas({ deadlineMs: 10_000 });
afterAll(() => schemas.close());

const refused = (message: RegExp) =>
  expect.objectContaining({ code: "plugin_invalid", status: 422, message: expect.stringMatching(message) });

test("faults name the field, defaults are filled in, and the caller's object stays as it was", async () => {
  const strict = {
    type: "object",
    properties: {
      url: { type: "string", format: "uri" },
      n: { type: "integer", default: 3 },
      in: { type: "object", required: ["x"] },
      name: { type: "string", pattern: "^(a+)+$" },
    },
    required: ["url"],
    additionalProperties: false,
  };
  const given = { in: {}, extra: 1, name: "b" };
  const { issues } = await schemas.check(strict, given);
  expect(issues.map(({ field }) => field).sort()).toEqual(["config.extra", "config.in.x", "config.name", "config.url"]);
  expect(given).toEqual({ in: {}, extra: 1, name: "b" });
  expect(await schemas.accept(strict, { url: "https://a.test" })).toEqual({ url: "https://a.test", n: 3 });
  await expect(schemas.accept(strict, {}, "config_override")).rejects.toMatchObject({
    code: "validation_failed",
    issues: [{ field: "config_override.url" }],
  });
});

const nested = (levels: number) => JSON.parse(`${'{"properties":{"a":'.repeat(levels)}{}${"}}".repeat(levels)}`) as object;
const definitionsOf = (levels: number) =>
  Object.fromEntries(
    Array.from({ length: levels }, (_, i) => [
      `d${i}`,
      i === 0 ? {} : { allOf: [{ $ref: `#/definitions/d${i - 1}` }, { $ref: `#/definitions/d${i - 1}` }] },
    ]),
  );

test.each<[string, object, RegExp]>([
  ["a reference to itself", { $ref: "#" }, /refers to itself endlessly/],
  ["a reference to itself among others", { allOf: [{ $ref: "#" }] }, /refers to itself endlessly/],
  [
    "a circle through a condition",
    JSON.parse('{"definitions":{"a":{"if":{},"then":{"$ref":"#/definitions/a"}}},"allOf":[{"$ref":"#/definitions/a"}]}'),
    /refers to itself endlessly/,
  ],
  [
    "branches that double at each level",
    { definitions: definitionsOf(30), $ref: "#/definitions/d29" },
    /applies more than 2000 schemas to one value/,
  ],
  ["a remote reference", { properties: { a: { $ref: "https://elsewhere.test/x" } } }, /only references within it/],
  ["a reference to nothing", { $ref: "#/definitions/none" }, /is not in it/],
  ["$async", { properties: { a: { $async: true, required: ["must"] } } }, /has \$async at #\/properties\/a/],
  [
    "8,000 properties",
    { properties: Object.fromEntries(Array.from({ length: 8_000 }, (_, i) => [`p${i}`, {}])) },
    /larger than 64 KiB|more than 1000 properties/,
  ],
  [
    "2,000 short properties",
    { properties: Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`p${i}`, {}])) },
    /more than 1000 properties/,
  ],
  ["deep nesting", nested(90), /nested more than/],
  [
    "a pattern that looks ahead",
    { properties: { key: { pattern: "^(?:a+)+(?=b)$" } } },
    /pattern at #\/properties\/key\/pattern that must not look ahead/,
  ],
  ["a pattern of property names that refers back", { patternProperties: { "(a)\\1": {} } }, /patternProperties that must not refer back/],
  ["a keyword of the wrong type", { type: "nonsense" }, /not a usable JSON Schema/],
  ["a NUL character", { title: "\0" }, /NUL/],
  ["half of a surrogate pair", { title: "\ud800" }, /surrogate/],
])("%s is refused in a sentence", async (_what, schema, message) => {
  await expect(schemas.parse(JSON.stringify(schema))).rejects.toThrow(refused(message));
});

test("texts that are no schema are refused, and none at all means no settings", async () => {
  await expect(schemas.parse("[]")).rejects.toThrow(refused(/not a JSON object/));
  await expect(schemas.parse("{")).rejects.toThrow(refused(/not JSON/));
  await expect(schemas.parse(`${"[".repeat(100_000)}`)).rejects.toThrow(refused(/larger than 64 KiB/));
  await expect(schemas.parse(`{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`)).rejects.toThrow(refused(/nested more than/));
  expect(await schemas.parse("")).toEqual({});
});

test("what schemas may say stays allowed: trees, shared definitions, booleans, patterns that are linear", async () => {
  const tree = {
    $schema: "http://json-schema.org/draft-07/schema#",
    type: "object",
    properties: { left: { $ref: "#" }, right: { $ref: "#" }, any: true, name: { type: "string", pattern: "^[a-z]{1,64}$" } },
    additionalProperties: false,
  };
  await schemas.parse(JSON.stringify(tree));
  expect((await schemas.check(tree, { left: { right: { name: "ok" } } })).issues).toEqual([]);
  expect((await schemas.check(tree, { left: { right: { name: "NO" } } })).issues).toMatchObject([{ field: "config.left.right.name" }]);
});

test("a check that takes too long is ended, the next one is answered, and this process was free all the while", async () => {
  const strict = createSchemas({ deadlineMs: 1_000 });
  try {
    await strict.parse("{}");
    // Each of 40,000 items is compared with every other.
    const slow = { properties: { list: { type: "array", uniqueItems: true } } };
    const config = { list: Array.from({ length: 40_000 }, (_, i) => ({ i: { i } })) };
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 20);
    await expect(strict.check(slow, config)).rejects.toThrow(refused(/takes longer than 1 s/));
    clearInterval(ticking);
    expect(ticks).toBeGreaterThan(5);
    expect((await strict.check(slow, { list: [1, 1] })).issues).toHaveLength(1);

    const startedAt = performance.now();
    await expect(strict.check(slow, config, { patient: false })).rejects.toThrow(refused(/takes longer/));
    expect(performance.now() - startedAt).toBeLessThan(900);
  } finally {
    await strict.close();
  }
});

test("defaults that multiply are refused and take no memory of this process", async () => {
  const greedy = { properties: { list: { items: { properties: { text: { default: "x".repeat(50_000) } } } } } };
  await expect(schemas.check(greedy, { list: Array.from({ length: 50_000 }, () => ({})) })).rejects.toThrow(
    refused(/too large|too much memory|takes longer|cannot validate/),
  );
});
