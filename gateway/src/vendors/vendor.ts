import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { Dialect } from "../dialects/dialect.ts";

/** Where an LLM's calls go. */
export type VendorAddress = {
  origin: string;
  /** Without a trailing slash; "" when it has none. */
  basePath: string;
  /** With its "?", or "". */
  baseQuery: string;
};

/** What a client has called. */
export type CalledPath = {
  path: string;
  /** With its "?", or "". */
  query: string;
  /** For vendors that name the model or deployment in the path. */
  model: string;
};

/** A call as it goes to a vendor. */
export type VendorCall = {
  origin: string;
  /** With the query. */
  path: string;
  method: Dispatcher.HttpMethod;
  /** Name and value in turn. */
  headers: string[];
  body: Buffer | Readable | null;
};

/** What the gateway does differently for one vendor. */
export type Vendor = {
  id: string;
  dialect: Dialect;
  /** Header in which its clients may send their key, besides `Authorization: Bearer`. */
  keyHeader: string;
  /** Where its calls go, or how they are signed, depends on their bodies, which must be complete before anything is sent. */
  needsBody: boolean;
  /** Path and query at the vendor of what a client has called. */
  pathAt(address: VendorAddress, called: CalledPath): string;
  /**
   * Authenticates a call, in place; it is complete, so that it can be signed. Resolves later when a token must be fetched first.
   * @param credential "" when the call goes where the credential must not.
   */
  prepare(call: VendorCall, credential: string): VendorCall | Promise<VendorCall>;
};
