import { namespaceOf } from "@portico/core";
import { z } from "zod";

/** Stands for a stored secret: sent back it keeps the stored value, "" clears it. */
export const redacted = "[redacted]";

/** What to say of a value of another kind, or of none. */
export const must = (rule: string) => (issue: { input?: unknown }) =>
  `${issue.input === undefined ? "is required and " : ""}must be ${rule}`;

export const text = (max: number) =>
  z
    .string({ error: must("text") })
    .trim()
    .max(max, `must be at most ${max} characters`);

/** Dollars, for people and the wire; rounded to a micro-dollar. null is unlimited. */
export const Budget = z.number("must be a number of dollars").min(0, "must not be negative").max(1e9, "is too large").nullable();

/** RFC 3339; null is none. */
export const Time = z.coerce.date("must be an RFC 3339 time, e.g. 2026-01-31T00:00:00Z").nullable();

export const Namespace = text(64)
  .regex(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?)?$/, "takes lower-case letters, digits and hyphens")
  .transform(namespaceOf);
/** In paths and queries: one that is not there finds nothing. */
export const namespaceFilter = z.string().max(64).transform(namespaceOf);

export const Flag = z.boolean("must be true or false");

/** Id of another object in a body: a positive 32-bit integer, as a number or as its decimal digits. */
export const Id = z.coerce
  .number("must be an id")
  .int("must be a whole number")
  .min(1, "must be an id")
  .max(2_147_483_647, "must be an id");
export const Ids = z.array(Id, "must be a list of ids").max(1000, "takes at most 1000 ids");

/** A list that the reference's clients send and that this installation has nothing for: it may be sent, but only empty. */
export const emptyList = (what: string) =>
  z
    .array(z.unknown(), "must be a list")
    .max(0, `must be empty: this installation has no ${what}`)
    .nullable()
    .optional()
    .transform(() => undefined);
