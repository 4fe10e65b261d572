import fc from "fast-check";
import { expect, test } from "vitest";
import type { ParameterDefinition } from "./definition.ts";
import { planRequest } from "./request.ts";
import { cookiePairs, headerText, pathText, queryPairs, type Style } from "./styles.ts";
import { type Fields, toValue } from "./values.ts";

const decode = decodeURIComponent;
const text = fc.string({ unit: "grapheme", maxLength: 12 });
const someText = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
const list = fc.array(someText, { minLength: 1, maxLength: 4 });
const fields = fc.dictionary(
  someText.filter((key) => key !== "__proto__"),
  someText,
  { minKeys: 1, maxKeys: 4, noNullPrototype: true },
);
const style = (style: Style["style"], explode: boolean): Style => ({ style, explode });
const named = (record: Record<string, string>) => toValue(record) as Fields;

/** The pairs of a list `R,100,G,200`. */
const pairsOf = (flat: string[]) => Object.fromEntries(flat.flatMap((key, i) => (i % 2 === 0 ? [[key, flat[i + 1] ?? ""]] : [])));
const assignments = (parts: string[]) => Object.fromEntries(parts.map((part) => part.split("=").map(decode) as [string, string]));

test("the examples of the OpenAPI specification are written as it says", () => {
  const color = ["blue", "black", "brown"];
  const rgb = named({ R: "100", G: "200", B: "150" });
  const query = (value: Parameters<typeof queryPairs>[1], one: Style) => queryPairs("color", value, one).join("&");
  expect(pathText("color", "blue", style("matrix", false))).toBe(";color=blue");
  expect(pathText("color", "", style("matrix", false))).toBe(";color");
  expect(pathText("color", color, style("matrix", false))).toBe(";color=blue,black,brown");
  expect(pathText("color", color, style("matrix", true))).toBe(";color=blue;color=black;color=brown");
  expect(pathText("color", rgb, style("matrix", false))).toBe(";color=R,100,G,200,B,150");
  expect(pathText("color", rgb, style("matrix", true))).toBe(";R=100;G=200;B=150");
  expect(pathText("color", color, style("label", false))).toBe(".blue,black,brown");
  expect(pathText("color", color, style("label", true))).toBe(".blue.black.brown");
  expect(pathText("color", rgb, style("label", false))).toBe(".R,100,G,200,B,150");
  expect(pathText("color", rgb, style("label", true))).toBe(".R=100.G=200.B=150");
  expect(pathText("color", color, style("simple", false))).toBe("blue,black,brown");
  expect(pathText("color", rgb, style("simple", false))).toBe("R,100,G,200,B,150");
  expect(pathText("color", rgb, style("simple", true))).toBe("R=100,G=200,B=150");
  expect(query("blue", style("form", true))).toBe("color=blue");
  expect(query("", style("form", true))).toBe("color=");
  expect(query(color, style("form", false))).toBe("color=blue,black,brown");
  expect(query(color, style("form", true))).toBe("color=blue&color=black&color=brown");
  expect(query(rgb, style("form", false))).toBe("color=R,100,G,200,B,150");
  expect(query(rgb, style("form", true))).toBe("R=100&G=200&B=150");
  expect(query(color, style("spaceDelimited", false))).toBe("color=blue%20black%20brown");
  expect(query(color, style("pipeDelimited", false))).toBe("color=blue%7Cblack%7Cbrown");
  expect(query(rgb, style("pipeDelimited", false))).toBe("color=R%7C100%7CG%7C200%7CB%7C150");
  expect(query(rgb, style("deepObject", true))).toBe("color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150");
  expect(headerText(color, { explode: false })).toBe("blue,black,brown");
  expect(headerText(rgb, { explode: false })).toBe("R,100,G,200,B,150");
  expect(headerText(rgb, { explode: true })).toBe("R=100,G=200,B=150");
  expect(cookiePairs("color", color, style("form", false))).toEqual(["color=blue,black,brown"]);
});

test("whatever the texts, a server that follows the style reads back what was sent in a path", () => {
  fc.assert(
    fc.property(someText, list, fields, (one, many, record) => {
      expect(decode(pathText("p", one, style("simple", false)))).toBe(one);
      expect(pathText("p", many, style("simple", false)).split(",").map(decode)).toEqual(many);
      expect(
        pathText("p", many, style("matrix", true))
          .split(";")
          .slice(1)
          .map((part) => decode(part.slice(2))),
      ).toEqual(many);
      expect(pairsOf(pathText("p", named(record), style("label", false)).slice(1).split(",").map(decode))).toEqual(record);
      expect(assignments(pathText("p", named(record), style("simple", true)).split(","))).toEqual(record);
    }),
  );
});

test("whatever the texts, a server that follows the style reads back what was sent in a query, a form and a cookie", () => {
  fc.assert(
    fc.property(someText, text, list, fields, (name, one, many, record) => {
      const read = (pairs: string[]) => new URLSearchParams(pairs.join("&"));
      expect([...read(queryPairs(name, one, style("form", true)))]).toEqual([[name, one]]);
      expect(read(queryPairs(name, many, style("form", true))).getAll(name)).toEqual(many);
      expect(Object.fromEntries(read(queryPairs(name, named(record), style("form", true))))).toEqual(record);
      for (const [delimited, separator] of [
        ["form", ","],
        ["pipeDelimited", "%7C"],
        ["spaceDelimited", "%20"],
      ] as const) {
        const [pair = ""] = queryPairs(name, many, style(delimited, false));
        if (!many.some((item) => item.includes(decode(separator))))
          expect(
            pair
              .slice(pair.indexOf("=") + 1)
              .split(separator)
              .map(decode),
          ).toEqual(many);
      }
      const deep = read(queryPairs(name, named(record), style("deepObject", true)));
      expect(Object.fromEntries(Object.keys(record).map((key) => [key, deep.get(`${name}[${key}]`)]))).toEqual(record);
      const [cookie = ""] = cookiePairs(name, one, style("form", true));
      expect(cookie).not.toMatch(/[;,\s]/);
      expect(cookie.split("=").map(decode)).toEqual([name, one]);
    }),
  );
});

test("reserved characters pass where the document allows them, but never what would end the value", () => {
  fc.assert(
    fc.property(text, (one) => {
      const [pair = ""] = queryPairs("q", one, { style: "form", explode: true, allowReserved: true });
      expect(pair).not.toMatch(/[&#\s"<>]/);
      expect(() => new URL(`http://x.test/?${pair}`)).not.toThrow();
    }),
  );
  expect(queryPairs("q", "a/b?c:d@e,f", { style: "form", explode: true, allowReserved: true })).toEqual(["q=a/b?c:d@e,f"]);
});

const definition = {
  version: 1 as const,
  title: "",
  documentVersion: "",
  description: "",
  servers: ["https://api.test/v1"],
  securitySchemes: {},
  operations: [],
};
const inPath = (over: Partial<ParameterDefinition> = {}): ParameterDefinition => ({
  name: "id",
  in: "path",
  required: true,
  description: "",
  style: "simple",
  explode: false,
  allowReserved: false,
  schema: { type: "string" },
  ...over,
});
const operation = (parameters: ParameterDefinition[]) => ({
  id: "get",
  method: "GET",
  path: "/items/{id}/parts",
  summary: "",
  description: "",
  deprecated: false,
  parameters,
  isOpen: false,
});

test("no value in a path leads to another path: it stays one part of it, or is refused", () => {
  const plan = (id: string, style: ParameterDefinition["style"]) =>
    planRequest(definition, operation([inPath({ style })]), "", { operationId: "get", parameters: { id } });
  fc.assert(
    fc.property(
      fc.oneof(text, fc.constantFrom("..", ".", "../..", "a/../b", "%2e%2e", "..%2f", "\\..", "?x", "#x", "//evil.test", ";", "")),
      fc.constantFrom("simple" as const, "label" as const, "matrix" as const),
      (id, one) => {
        let planned: ReturnType<typeof plan>;
        try {
          planned = plan(id, one);
        } catch (error) {
          expect((error as Error).message).toMatch(/must not be empty|must not make a part of the path/);
          return;
        }
        const { origin, pathname, search, hash } = planned.url;
        expect([origin, search, hash]).toEqual(["https://api.test", "", ""]);
        const parts = pathname.split("/");
        expect([parts.length, parts[1], parts[2], parts[4]]).toEqual([5, "v1", "items", "parts"]);
        if (one === "simple") expect(decode(parts[3] ?? "")).toBe(id.toWellFormed());
      },
    ),
  );
});
