import { AppError, type FieldIssue } from "@portico/core";
import type { HookedKind } from "@portico/protocol/kinds";
import { kindOf } from "@portico/protocol/kinds";
import type { z } from "zod";
import { redacted } from "../../fields/contract.ts";
import { inputError } from "../../fields/input-error.ts";
import type { Json } from "../catalog/json.ts";
import type { Guards } from "./policy.ts";

/** How the reference spells an object, so that plugins compiled for it read and change it. */
export type Spelling = {
  /** The reference's name of a field -> ours. Both are sent; whichever a plugin changes counts. */
  names?: Readonly<Record<string, string>>;
  /** Keys that answers may have and that are never sent. */
  unread?: readonly string[];
};

/** What a feature says of its kind of object, for plugins to judge and change it. */
export type Hookable<Stored, Draft extends object> = {
  kind: HookedKind;
  /** What callers write, each field with its rule. */
  fields: Readonly<Record<string, z.ZodType>>;
  /** What callers send. What plugins make of it is judged by the same rules. */
  schema: z.ZodType<Draft>;
  /** The whole object as hooks and the API know it: id, slug, metadata and times included, secrets redacted. */
  show(stored: Stored): Json;
  /** What is shown of a draft besides its fields, or otherwise than it is written. @throws AppError when the draft cannot be stored. */
  derive(draft: Draft, before: Stored | undefined): Json | Promise<Json>;
  /** Write-only fields: shown as `[redacted]` or "", and never a plugin's to change. */
  secretFields?: readonly (keyof Draft & string)[];
  guards?: Guards;
  /** Fields that answers hold in other forms than drafts, and how each is read. */
  read?: Readonly<Record<string, (shown: unknown) => unknown>>;
  /** Rules over several fields. @throws AppError naming the field. */
  check?(draft: Draft, before: Stored | undefined): void;
  spelling?: Spelling;
};

export const hookable = <Stored, Draft extends object>(description: Hookable<Stored, Draft>): Hookable<Stored, Draft> => description;

/** A plugin's answer that is no such object: the plugin's fault, not the caller's. */
export class UnusableAnswer extends Error {
  readonly issues: FieldIssue[];
  constructor(message: string, issues: FieldIssue[] = []) {
    super(message);
    this.name = "UnusableAnswer";
    this.issues = issues;
  }
}

const toJson = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;

/** The fields that callers write, as JSON and without secrets. */
export function writtenFields<Stored, Draft extends object>({ secretFields = [] }: Hookable<Stored, Draft>, draft: Draft): Json {
  const written = toJson(draft);
  for (const field of secretFields) delete written[field];
  return written;
}

/** The object that storing the draft would make. It has no id and no times before it is created. */
export async function proposedObject<Stored, Draft extends object>(
  description: Hookable<Stored, Draft>,
  draft: Draft,
  before: Stored | undefined,
): Promise<Json> {
  const { show, derive, secretFields = [] } = description;
  const secrets = Object.fromEntries(secretFields.map((field) => [field, draft[field] ? redacted : ""]));
  const base = before === undefined ? { id: 0, metadata: {}, created_at: null, updated_at: null } : show(before);
  return toJson({ ...base, ...writtenFields(description, draft), ...secrets, ...(await derive(draft, before)) });
}

const neverAt = "0001-01-01T00:00:00Z";

/** An object as it is sent to plugins. The reference's keys come first: where names differ in case only, Go keeps the last. */
export function toWire({ spelling: { names = {} } = {} }: { spelling?: Spelling }, object: Json): Json {
  return {
    ID: object.id,
    CreatedAt: object.created_at ?? neverAt,
    UpdatedAt: object.updated_at ?? neverAt,
    DeletedAt: null,
    ...Object.fromEntries(Object.entries(names).map(([theirs, ours]) => [theirs, object[ours]])),
    ...object,
  };
}

/**
 * Reads what a plugin made of the draft. A field that the answer leaves out is as it was, and so is one that is null where null is no value
 * of it: Go writes that for lists that it did not read. What the studio owns (id, slug, metadata,
 * times, secrets) stays as it is, whatever the answer says.
 * @throws UnusableAnswer naming foreign keys and values that are not valid.
 */
export function readAnswer<Stored, Draft extends object>(
  description: Hookable<Stored, Draft>,
  { draft, object, before }: { draft: Draft; object: Json; before: Stored | undefined },
  answer: Json,
): Draft {
  const { fields, schema, secretFields = [], read = {}, check, kind, spelling: { names = {}, unread = [] } = {} } = description;
  const sent = toWire(description, object);
  const secrets = new Set<string>(secretFields);
  const writable = Object.keys(fields).filter((field) => !secrets.has(field));

  const known = new Set([...Object.keys(sent), ...unread, ...writable, ...secrets]);
  const foreign = Object.keys(answer).filter((key) => !known.has(key));
  const noun = kindOf(kind)?.noun ?? kind;
  if (foreign.length > 0)
    throw new UnusableAnswer(
      `it returned fields that ${noun} objects do not have: ${foreign.slice(0, 10).join(", ").slice(0, 300)}.`,
      foreign.slice(0, 50).map((key) => ({ field: key.slice(0, 200), message: `is not a field of this ${noun}${meant(key, writable)}` })),
    );

  const changed: Json = { ...answer };
  for (const [theirs, ours] of Object.entries(names)) {
    if (!Object.hasOwn(answer, theirs) || same(answer[theirs], sent[theirs])) continue;
    if (!Object.hasOwn(answer, ours) || same(answer[ours], sent[ours])) changed[ours] = answer[theirs];
  }
  const input = Object.fromEntries(
    writable.map((field) => {
      const isGiven = Object.hasOwn(changed, field) && (changed[field] !== null || fields[field]?.safeParse(null).success);
      const value = isGiven ? changed[field] : object[field];
      return [field, read[field] ? read[field](value) : value];
    }),
  );
  const parsed = schema.safeParse({ ...input, ...Object.fromEntries(secretFields.map((field) => [field, draft[field]])) });
  if (!parsed.success) throw notValid(noun, inputError(parsed.error, "body").issues);
  try {
    check?.(parsed.data, before);
  } catch (error) {
    throw blamed(noun, error);
  }
  return parsed.data;
}

/** An error that the change of a plugin caused in rules of the product. */
export const blamed = (noun: string, error: unknown): unknown =>
  error instanceof AppError && error.status < 500
    ? notValid(noun, error.issues.length > 0 ? error.issues : [{ field: "", message: error.message }])
    : error;

const notValid = (noun: string, issues: FieldIssue[]) =>
  new UnusableAnswer(
    `it changed the ${noun} into something that is not valid: ${issues.map(({ field, message }) => `${field} ${message}`.trim()).join("; ")}`,
    issues.map(({ field, message }) => ({ field, message })),
  );

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

const plain = (key: string) => key.toLowerCase().replaceAll("_", "");
/** Keys are matched exactly; the one that was probably meant is named. */
function meant(key: string, fields: readonly string[]): string {
  const field = fields.find((one) => plain(one) === plain(key));
  return field === undefined ? "" : `; write ${field}`;
}
