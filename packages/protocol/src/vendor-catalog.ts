/*
 * The vendors Portico knows. Their ids stand here and nowhere else; studio, gateway and dashboard read them through vendors.ts.
 * Free of imports, so that it also loads in browsers.
 */

/** Protocol that a vendor's API speaks. */
export type DialectId = "openai" | "anthropic";

/** How a call authenticates at the vendor: a bearer token, or the bare key in a header. */
export type AuthScheme = { readonly scheme: "bearer" } | { readonly scheme: "header"; readonly header: string };

export type VendorEntry = {
  /** Stored with LLMs, prices and usage: never changes. */
  readonly id: string;
  readonly label: string;
  /** Where calls go when an LLM names no endpoint. */
  readonly endpoint: string;
  readonly dialect: DialectId;
  readonly auth: AuthScheme;
  /** Header in which the vendor's clients may send their key, besides `Authorization: Bearer`; in lower case. */
  readonly keyHeader: string;
  /** A model to name as an example. */
  readonly exampleModel: string;
};

type Described<Id extends string> = Pick<VendorEntry, "label" | "endpoint" | "exampleModel"> & { readonly id: Id };

/** A vendor whose API is OpenAI's at another address. */
export const openAiCompatible = <const Id extends string>(vendor: Described<Id>) =>
  ({ ...vendor, dialect: "openai", auth: { scheme: "bearer" }, keyHeader: "api-key" }) as const satisfies VendorEntry;

/** A vendor whose API is Anthropic's at another address. */
export const anthropicCompatible = <const Id extends string>(vendor: Described<Id>) =>
  ({
    ...vendor,
    dialect: "anthropic",
    auth: { scheme: "header", header: "x-api-key" },
    keyHeader: "x-api-key",
  }) as const satisfies VendorEntry;

export const vendorCatalog = [
  openAiCompatible({ id: "openai", label: "OpenAI", endpoint: "https://api.openai.com/v1", exampleModel: "gpt-4o-mini" }),
  anthropicCompatible({ id: "anthropic", label: "Anthropic", endpoint: "https://api.anthropic.com", exampleModel: "claude-sonnet-4-5" }),
] as const;

export type VendorId = (typeof vendorCatalog)[number]["id"];
