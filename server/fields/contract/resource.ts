import { isObject } from "@portico/core/json";
import { z } from "zod";
import { type Shown, shown } from "../contract.ts";

/** The fields of a resource that callers write, each under the rule for its value. Everything else of a contract follows from them. */
type Fields = { readonly [name: string]: z.ZodType };

type WithDefaults<F extends Fields, D> = {
  -readonly [K in keyof F]: K extends keyof D ? (undefined extends D[K] ? z.ZodOptional<F[K]> : z.ZodDefault<F[K]>) : F[K];
};

/**
 * A new resource as a caller sends it: unknown fields are rejected, null counts as absent where it is no value of the field.
 * @param defaults of the fields that may be absent; undefined leaves an absent field absent.
 */
export function draftOf<F extends Fields, D extends Defaults<F>>(fields: F, defaults: D) {
  return withoutNulls(fields, z.strictObject(draftShape(fields, defaults)));
}

/**
 * A change: names only what it changes. What an answer shows may be sent back: fields that the server writes are ignored, fixed ones
 * must be as they are, and null counts as absent where it is no value of the field.
 * @param shown the resource's attributes.
 * @param fixed attributes that identify the resource, or that have a way of their own to be changed.
 */
export function patchOf<F extends Fields>(fields: F, shape: Shape) {
  return withReadOnly(fields, z.strictObject(fields).partial(), shape);
}

/**
 * A replacement: what is absent goes back to its default. What answers do not show as it was written (secrets, members) cannot be sent
 * back, so there an absent field stays: its default is undefined.
 */
export function replacementOf<F extends Fields, D extends Defaults<F>>(fields: F, defaults: D, shape: Shape) {
  return withReadOnly(fields, z.strictObject(draftShape(fields, defaults)), shape);
}

type Defaults<F extends Fields> = { [K in keyof F]?: z.output<F[K]> | undefined };
type Shape = { shown: z.ZodObject; fixed?: readonly string[] };

function draftShape<F extends Fields, D extends Defaults<F>>(fields: F, defaults: D): WithDefaults<F, D> {
  const shape = Object.entries(fields).map(([name, field]) => {
    if (!Object.hasOwn(defaults, name)) return [name, field];
    const value = defaults[name];
    return [name, value === undefined ? field.optional() : field.default(value)];
  });
  return Object.fromEntries(shape) as WithDefaults<F, D>;
}

/** Clients in Go send null for what they have not set. */
function withoutNulls<S extends z.ZodObject>(fields: Fields, schema: S) {
  const nullable = new Set(Object.keys(fields).filter((name) => fields[name]?.safeParse(null).success));
  return z.preprocess(
    (sent) =>
      isObject(sent) ? Object.fromEntries(Object.entries(sent).filter(([name, value]) => value !== null || nullable.has(name))) : sent,
    schema,
  );
}

/** Takes what answers show besides the written fields, and drops it. */
function withReadOnly<S extends z.ZodObject>(fields: Fields, written: S, { shown: attributes, fixed = [] }: Shape) {
  const names = ["id", ...Object.keys(attributes.shape)].filter((name) => !Object.hasOwn(fields, name));
  const ignored = names.map((name) => {
    const isFixed = name === "id" || fixed.includes(name);
    return [
      name,
      z
        .unknown()
        .optional()
        .meta({ readOnly: true, description: isFixed ? "Read-only: must equal the current value." : "Read-only: ignored." }),
    ];
  });
  const schema = z.strictObject({ ...Object.fromEntries(ignored), ...written.shape }) as unknown as S;
  const accepted = withoutNulls(fields, schema).transform((sent) => without(sent, names));
  fixedFields.set(accepted, fixed);
  return accepted;
}

const without = <T extends object>(sent: T, names: string[]): T =>
  Object.fromEntries(Object.entries(sent).filter(([name]) => !names.includes(name))) as T;

const fixedFields = new WeakMap<z.core.$ZodType, readonly string[]>();

/** Fields that a change may name only as they are; undefined for a body that is no change of a resource. */
export const fixedFieldsOf = (schema: z.core.$ZodType): readonly string[] | undefined => fixedFields.get(schema);

type Attributes<F extends Fields, O extends Fields> = {
  -readonly [K in keyof F | keyof O]: K extends keyof O
    ? O[K]
    : K extends keyof F
      ? z.ZodType<Shown<z.output<F[K]>>, Shown<z.output<F[K]>>>
      : never;
};

/**
 * What the API shows of a resource.
 * @param owned what the server adds, and fields that it shows otherwise than it reads them.
 */
export function attributesOf<F extends Fields, O extends Fields>(fields: F, owned: O) {
  const written = Object.entries(fields).flatMap(([name, field]) => (Object.hasOwn(owned, name) ? [] : [[name, shown(field)]]));
  return z.object({ ...Object.fromEntries(written), ...owned } as Attributes<F, O>);
}

/** The written part of what is shown: what a changed draft starts from. */
export const pickFields = <F extends Fields, A extends object>(fields: F, attributes: A) =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => Object.hasOwn(fields, name))) as Pick<A, keyof A & keyof F>;

/** When a resource was made and last changed. */
export const timestamps = { created_at: z.string(), updated_at: z.string() };
