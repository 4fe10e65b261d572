import type { ListMeta } from "../../server/http/contract.ts";

/**
 * The envelope of the REST API. What is in it is typed by the contracts (`server/<feature>/contract.ts`), imported as types only. Money is
 * in dollars, times are RFC 3339, ids are decimal strings.
 */
export type Resource<A> = { type: string; id: string; attributes: A };
/** `etag` is the version that was read. */
export type One<A> = { data: Resource<A>; etag?: string };
export type List<A> = { data: Resource<A>[]; meta: ListMeta };
