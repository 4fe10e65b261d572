import fc from "fast-check";
import { expect, test } from "vitest";
import { plainFields, setField, textOf } from "./splice.ts";

const object = fc.dictionary(fc.string(), fc.jsonValue());
const written = fc.tuple(object, fc.constantFrom(undefined, 2, "\t")).map(([value, indent]) => JSON.stringify(value, null, indent));

test("setting a field gives what parsing, setting and writing would, whatever the object", () => {
  fc.assert(
    fc.property(written, fc.string(), fc.jsonValue(), (text, name, value) => {
      const set = setField(text, name, JSON.stringify(value));
      const expected = new Map(Object.entries(JSON.parse(text) as object)).set(name, value);
      expect(new Map(Object.entries(JSON.parse(set) as object))).toEqual(
        new Map(Object.entries(JSON.parse(JSON.stringify(Object.fromEntries(expected))) as object)),
      );
      expect(JSON.parse(textOf(set, name) as string)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("every other byte stays as it was", () => {
  const text = '{ "seed": 9007199254740993, "t": 1.50,\n"o": {"a": [1, "}"]}, "x":-9223372036854775808 }';
  expect(setField(text, "o", "1")).toBe('{ "seed": 9007199254740993, "t": 1.50,\n"o": 1, "x":-9223372036854775808 }');
  expect(setField(text, "x", "null")).toBe('{ "seed": 9007199254740993, "t": 1.50,\n"o": {"a": [1, "}"]}, "x":null }');
  expect(setField(text, "new", "true")).toBe(`{"new":true,${text.slice(1)}`);
  expect(setField(" { } ", "new", "true")).toBe(' {"new":true } ');
});

test("a field that is named twice is set each time, and written once where each name must be plain", () => {
  expect(setField('{"a":1,"b":2,"a":3}', "a", "0")).toBe('{"a":0,"b":2,"a":0}');
  const text = '{"mod\\u0065l":"x","Model":"y","n":9007199254740993,"model":"z","session":{"model":"a","model":"b"}}';
  expect(plainFields(text, { isDropped: (name) => name === "Model", rewritten: new Set(["model", "session"]) })).toBe(
    '{"model":"z","n":9007199254740993,"session":{"model":"b"}}',
  );
});
