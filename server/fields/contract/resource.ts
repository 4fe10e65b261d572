import { z } from "zod";
import { type Shown, shown } from "../contract.ts";

/** The fields of a resource that callers write, each under the rule for its value. Everything else of a contract follows from them. */
type Fields = { readonly [name: string]: z.ZodType };

type WithDefaults<F extends Fields, D> = {
  -readonly [K in keyof F]: K extends keyof D ? (undefined extends D[K] ? z.ZodOptional<F[K]> : z.ZodDefault<F[K]>) : F[K];
};

/**
 * A new resource as a caller sends it: unknown fields are rejected.
 * @param defaults of the fields that may be absent; undefined leaves an absent field absent.
 */
export function draftOf<F extends Fields, D extends { [K in keyof F]?: z.output<F[K]> | undefined }>(fields: F, defaults: D) {
  const shape = Object.entries(fields).map(([name, field]) => {
    if (!Object.hasOwn(defaults, name)) return [name, field];
    const value = defaults[name];
    return [name, value === undefined ? field.optional() : field.default(value)];
  });
  return z.strictObject(Object.fromEntries(shape) as WithDefaults<F, D>);
}

/** A change: names only what it changes. */
export const patchOf = <F extends Fields>(fields: F) => z.strictObject(fields).partial();

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
