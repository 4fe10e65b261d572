import { namespaceOf } from "@portico/core";
import { z } from "zod";

/** Stands for a stored secret: sent back it keeps the stored value, "" clears it. */
export const redacted = "[redacted]";

/** What to say of a value of another kind, or of none. */
export const must = (rule: string) => (issue: { input?: unknown }) =>
  `${issue.input === undefined ? "is required and " : ""}must be ${rule}`;

type JsonSchemaMeta = { type: string; format?: string; minimum?: number; maximum?: number };

/** Fields that an answer shows in another form than the one they are read in. */
const shownForms = new WeakMap<z.core.$ZodType, z.ZodType>();

/**
 * A field that is read whole by one function. A value it does not take ends the validation of the object around it: rules over
 * several fields see only values that were read.
 * @param read undefined for a value that is not one.
 * @param rule what the value must be, which may depend on what was sent instead.
 * @param shownAs how an answer shows the value.
 */
function field<T>(
  read: (input: unknown) => T | undefined,
  rule: string | ((input: unknown) => string),
  shownAs: z.ZodType<Shown<T>>,
  meta: JsonSchemaMeta,
) {
  const schema = z
    .unknown()
    .transform((input, ctx): T => {
      const value = read(input);
      if (value !== undefined) return value;
      ctx.addIssue({ code: "custom", input, message: must(typeof rule === "string" ? rule : rule(input))({ input }), continue: false });
      return z.NEVER;
    })
    .meta(meta);
  shownForms.set(schema, shownAs);
  return schema;
}

/** A value as JSON shows it. */
export type Shown<T> = T extends Date ? string : T;

/**
 * The schema of a field in answers. It keeps what a value is and drops the rules that it was written under: rows outlive rules, and
 * must still be shown.
 */
export function shown<S extends z.ZodType>(field: S): z.ZodType<Shown<z.output<S>>, Shown<z.output<S>>> {
  return shownForm(field) as z.ZodType<Shown<z.output<S>>, Shown<z.output<S>>>;
}

function shownForm(field: z.core.$ZodType): z.ZodType {
  const known = shownForms.get(field);
  if (known) return known;
  const { def } = (field as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "string":
      return z.string();
    case "number":
      return z.number();
    case "boolean":
      return z.boolean();
    case "enum":
      return z.enum(def.entries);
    case "literal":
      return z.literal(def.values);
    case "nullable":
      return shownForm(def.innerType).nullable();
    case "array":
      return z.array(shownForm(def.element));
    case "union":
      return shownForm(def.options[0] as z.core.$ZodType);
    case "record":
      return z.record(z.string(), z.unknown());
    case "pipe":
      return shownForm(def.in);
    default:
      throw new Error(`no form for answers is known of a field of type ${def.type}: give the attribute a schema of its own`);
  }
}

/** Digits and nothing else: JavaScript itself reads "0x10", "1e3", " 1 " and true as numbers. */
function parseInteger(input: unknown, min: number, max: number): number | undefined {
  const value = typeof input === "string" && /^(0|[1-9]\d{0,15})$/.test(input) ? Number(input) : input;
  return typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max ? value : undefined;
}

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})(?:T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2}))?$/i;

function parseInstant(input: unknown): Date | undefined {
  const time = input instanceof Date ? input : parseRfc3339(input);
  // The year of the instant in UTC: an offset may carry the last day of 9999 into the year 10000.
  const year = time?.getUTCFullYear() ?? Number.NaN;
  return year >= 1 && year <= 9999 ? time : undefined;
}

function parseRfc3339(input: unknown): Date | undefined {
  const [, year, month, day] = (typeof input === "string" && rfc3339.exec(input)) || [];
  if (typeof input !== "string" || year === undefined) return undefined;
  // Date.parse makes 2 March of 30 February.
  const calendarDay = new Date(`${year}-${month}-${day}T00:00:00Z`);
  if (Number.isNaN(calendarDay.getTime()) || calendarDay.getUTCDate() !== Number(day)) return undefined;
  return new Date(input.toUpperCase());
}

export const text = (max: number) =>
  z
    .string({ error: must("text") })
    .trim()
    .max(max, `must be at most ${max} characters`);

/** Dollars, for people and the wire; rounded to a micro-dollar. null is unlimited. */
export const Budget = z.number("must be a number of dollars").min(0, "must not be negative").max(1e9, "is too large").nullable();

/** RFC 3339, or a day alone for its beginning in UTC. PostgreSQL keeps years that JavaScript cannot read back, hence the bounds. */
export const Instant = field<Date>(parseInstant, "an RFC 3339 time of the years 1 to 9999, e.g. 2026-01-31T00:00:00Z", z.string(), {
  type: "string",
  format: "date-time",
});

/** An instant; null is none. */
export const Time = Instant.nullable();

/** A calendar day in a query, as its beginning in UTC. Room is left for the day after it. */
export const Day = field<Date>(
  (input) => (typeof input === "string" && /^\d{4}-\d{2}-\d{2}$/.test(input) && input < "9999-12-31" ? parseInstant(input) : undefined),
  "a day from 0001-01-01 to 9999-12-30, e.g. 2026-02-01",
  z.string(),
  { type: "string", format: "date" },
);

/** "global" is what lists of namespaces call the one without a name. */
const namespaceNamed = (name: string): string => (name === "global" ? "" : namespaceOf(name));

export const Namespace = text(64)
  .regex(/^([A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)?$/, "takes letters, digits, hyphens and underscores")
  .transform(namespaceNamed);
/** In paths and queries: one that is not there finds nothing. */
export const namespaceFilter = z.string().max(64).transform(namespaceNamed);

/**
 * Why a text is not the address of something that is called over HTTP; undefined when it is. The URL parser forgives much that
 * people and other programs read differently (backslashes, tabs, missing slashes), and keeps a password that is then shown.
 */
export function faultOfHttpUrl(value: string): string | undefined {
  if (/[\s\p{Cc}\\]/u.test(value)) return "must be a URL without spaces, backslashes or control characters";
  const url = /^https?:\/\/[^/]/i.test(value) && URL.canParse(value) ? new URL(value) : undefined;
  if (!url) return "must be an http or https URL";
  if (url.username || url.password || /^https?:\/\/[^/?#]*@/i.test(value)) return "must not contain a user name or password";
  if (value.includes("#")) return "must not have a fragment (#...)";
  return undefined;
}

export const Flag = z.boolean("must be true or false");

const maxId = 2_147_483_647;

/** Id of an object: a positive 32-bit integer, as a number or as its decimal digits. */
export const Id = field<number>((input) => parseInteger(input, 1, maxId), `an id: a whole number from 1 to ${maxId}`, z.number(), {
  type: "integer",
  minimum: 1,
  maximum: maxId,
});

/** An id, or the object that has it as answers show objects: `{type,id,attributes}`. */
const Reference = z
  .union([Id, z.object({ id: Id }).transform(({ id }) => id)], { error: must(`an id: a whole number from 1 to ${maxId}`) })
  .meta({ description: "An id, or an object with one." });

export const IdList = z.array(Reference, { error: must("a list of ids") }).max(1000, "must have at most 1000 ids");
/** A set of ids: one that is named twice counts once. */
export const Ids = IdList.transform((ids) => [...new Set(ids)]);

/** A whole number in a query, in decimal digits. */
export const queryInteger = ({ min = 0, max }: { min?: number; max: number }) =>
  field<number>((input) => parseInteger(input, min, max), integerRule(min, max), z.number(), {
    type: "integer",
    minimum: min,
    maximum: max,
  });

const integerRule = (min: number, max: number) => (input: unknown) => {
  if (typeof input === "string" && /^\d+$/.test(input)) {
    if (Number(input) > max) return `at most ${max}`;
    if (Number(input) < min) return `at least ${min}`;
  }
  return `a whole number from ${min} to ${max}`;
};

/** A list that the reference's clients send and that this installation has nothing for: it may be sent, but only empty. */
export const emptyList = (what: string) =>
  z
    .array(z.unknown(), "must be a list")
    .max(0, `must be empty: this installation has no ${what}`)
    .nullable()
    .optional()
    .transform(() => undefined);

/** A flag in a query. */
export const queryFlag = z.enum(["true", "false"]).transform((value) => value === "true");
