import { z } from "zod";
import { Id } from "../fields/contract.ts";

/** Id of a resource in a path. */
export const IdParam = z.object({ id: Id });

/** Schema of a resource, `{type,id,attributes}`. */
export const resourceOf = <T extends string, A extends z.ZodType>(type: T, attributes: A) =>
  z.object({ type: z.literal(type), id: z.string(), attributes });

/** Schema of an answer with one resource. */
export const documentOf = <R extends z.ZodType>(resource: R) => z.object({ data: resource });

export const ListMeta = z.object({ total_count: z.number(), total_pages: z.number(), page_size: z.number(), page_number: z.number() });
export type ListMeta = z.output<typeof ListMeta>;

/** Schema of an answer with one page of a list. */
export const listOf = <R extends z.ZodType>(resource: R) => z.object({ data: z.array(resource), meta: ListMeta });

/** Schema of an answer with a list that has no pages. */
export const collectionOf = <R extends z.ZodType>(resource: R) => z.object({ data: z.array(resource) });

/** Something that refers to a resource, and what deleting the resource does to it. */
export const Dependent = z.object({ type: z.string(), id: z.string(), name: z.string(), effect: z.string() });
export type Dependent = z.output<typeof Dependent>;

/** Schema of an answer with the first of a resource's dependents; `total_count` counts those that are left out too. */
export const Dependents = z.object({ data: z.array(Dependent), meta: z.object({ total_count: z.number() }) });
export type Dependents = z.output<typeof Dependents>;

/** Answer of an operation that has nothing else to say. */
export const Succeeded = z.object({ status: z.literal("success") });
export const Message = z.object({ message: z.string() });
