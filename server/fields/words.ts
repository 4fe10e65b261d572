import { z } from "zod";

const kinds: Record<string, string> = {
  string: "text",
  object: "an object",
  record: "an object",
  array: "a list",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  date: "a time",
  null: "null",
};

const formats: Record<string, string> = {
  url: "a URL",
  email: "an e-mail address",
  uuid: "a UUID",
  datetime: "an RFC 3339 time, e.g. 2026-01-31T00:00:00Z",
  json_string: "JSON",
};

/** "5 characters", "1 entry", "5": a bound in the unit of what it bounds. */
function bound(origin: string, limit: unknown): string {
  const [one, many] = units[origin] ?? ["", ""];
  return `${String(limit)} ${Number(limit) === 1 ? one : many}`.trim();
}
const units: Record<string, [one: string, many: string]> = {
  string: ["character", "characters"],
  array: ["entry", "entries"],
  set: ["entry", "entries"],
  map: ["entry", "entries"],
};

/** What an issue's value must be instead, for schemas that do not say so themselves. */
function ruleOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return kinds[issue.expected] ?? issue.expected;
    case "too_big":
      return `${issue.inclusive === false ? "less than" : "at most"} ${bound(issue.origin, issue.maximum)}`;
    case "too_small":
      return `${issue.inclusive === false ? "more than" : "at least"} ${bound(issue.origin, issue.minimum)}`;
    case "invalid_value":
      return issue.values.length === 1
        ? String(issue.values[0])
        : `one of ${issue.values.map((value: unknown) => (value === "" ? '""' : String(value))).join(", ")}`;
    case "invalid_format":
      return formats[issue.format] ?? "of another form";
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    case "invalid_union":
      return "of another form";
    case "invalid_key":
      return "an object with other names";
    default:
      return "another value";
  }
}

// For every schema of this process: a library's own wording ("Invalid input: expected array") is for developers.
z.config({
  customError: (issue) =>
    issue.code === "unrecognized_keys" || issue.code === "custom"
      ? undefined
      : `${issue.input === undefined ? "is required and " : ""}must be ${ruleOf(issue)}`,
});
