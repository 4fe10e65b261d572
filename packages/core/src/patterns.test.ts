import { expect, test } from "vitest";
import { faultOfPattern, linearPattern } from "./patterns.ts";

test.each([
  ["^gpt-4o.*$", "gpt-4o-mini", "gpt-4"],
  ["^(a+)+$", "aaa", `${"a".repeat(5_000)}!`],
  ["^(.*?,){30}P", `${",".repeat(30)}P`, `${",".repeat(240)}!`],
  ["^\\p{L}{1,64}$", "Grüße", "a1"],
  ["^https?:\\/\\/[^\\s/]+(\\/|$)", "https://a.test/", "ftp://a.test/"],
  ["\\(?=", "(=", "("],
  ["[(?=]", "?", "x"],
  ["^.{1,1000}$", "a", ""],
  ["(?i:GPT)", "gpt", "claude"],
])("%s is taken and matches as it does in JavaScript, within milliseconds", (source, matching, other) => {
  const pattern = linearPattern(source);
  const startedAt = performance.now();
  expect([pattern.test(matching), pattern.test(other)]).toEqual([true, false]);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});

test.each([
  ["([a-z]+)+\\1$", /back-references/],
  ["(?<x>a+)\\k<x>", /back-references/],
  ["^(?:a+)+(?=b)$", /look ahead or behind/],
  ["^(?!o1).*", /look ahead or behind/],
  ["(?<!a)b", /look ahead or behind/],
  ["(", /not a regular expression/],
  ["a**", /not a regular expression/],
  ["\\pL{1,1000}".repeat(40), /repeats too much/],
  [`(?:${"abcdefgh".repeat(50)}){1,900}`, /repeats too much/],
  ["((((a{20}){20}){20}){20}){20}", /repeats too much/],
  ["a".repeat(2_001), /at most 2000 characters/],
])("%s is refused at once, with the reason", (source, reason) => {
  const startedAt = performance.now();
  expect(faultOfPattern(source)).toMatch(reason);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
