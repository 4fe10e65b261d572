import fc from "fast-check";
import { expect, test } from "vitest";
import { normalisePath } from "./path.ts";

/** What the most helpful of servers makes of a path: decodes it again and again, takes backslashes for slashes, drops parameters. */
function readLoosely(path: string): string[] {
  let text = path;
  for (let i = 0; i < 4; i++) text = text.replace(/%[0-9a-f]{2}/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
  return text.split(/[/\\]/).map((segment) => segment.replace(/;.*/, ""));
}

const piece = fc.constantFrom(
  ..."/ // . .. %2e %2E %2f %5c \\ %252e %25 %73 %00 %0a %7f ; %3b v1 chat completions files model org%2Fname %C3%A9 é % %zz # ? a:b +".split(
    " ",
  ),
);
const anyPath = fc.array(piece, { maxLength: 9 }).map((pieces) => `/${pieces.join("")}`);

test("a path that is let through leads nowhere else, however loosely a server reads it", () => {
  let passed = 0;
  fc.assert(
    fc.property(anyPath, (raw) => {
      const { path, fault } = normalisePath(raw);
      if (fault) return;
      passed++;
      expect(readLoosely(path)).not.toContain("..");
      expect(readLoosely(path)).not.toContain(".");
      expect(path).not.toMatch(/[^\x21-\x7e]|\\|%5c|%00|#|\?|\/\//i);
    }),
    { numRuns: 20_000 },
  );
  expect(passed).toBeGreaterThan(1_000);
});

test("a normal path is normal: nothing changes when it is judged again, and only spelling is changed", () => {
  fc.assert(
    fc.property(anyPath, (raw) => {
      const { path, fault } = normalisePath(raw);
      if (fault) return;
      expect(normalisePath(path)).toEqual({ path, fault: "" });
      const plain = (text: string) =>
        decodeURIComponent(
          text
            .replace(/\/{2,}/g, "/")
            .replace(/(?<=.)\/$/, "")
            .replaceAll(/%2f/gi, "%252F"),
        );
      if (!/%(?:c3|a9)/i.test(raw)) expect(plain(path)).toBe(plain(raw));
    }),
    { numRuns: 5_000 },
  );
});

test("usual paths stay as they are, and what means the same becomes the same", () => {
  const cases = {
    "/v1/chat/completions": "/v1/chat/completions",
    "/v1/chat/completions/": "/v1/chat/completions",
    "//v1///models": "/v1/models",
    "/v1/chat/completion%73": "/v1/chat/completions",
    "/v1/models/org%2Fname%3Afree": "/v1/models/org%2Fname%3Afree",
    "/v1/models/ft:gpt-4o-mini:acme::id": "/v1/models/ft:gpt-4o-mini:acme::id",
    "/v1/models/gpt-4.1": "/v1/models/gpt-4.1",
    "/v1/%2e%2e.": "/v1/...",
    "/": "/",
  };
  for (const [raw, path] of Object.entries(cases)) expect(normalisePath(raw), raw).toEqual({ path, fault: "" });
});
