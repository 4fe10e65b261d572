import { type VendorEntry, type VendorId, vendorCatalog } from "./vendor-catalog.ts";

export type { AuthScheme, DialectId, VendorEntry, VendorId } from "./vendor-catalog.ts";

export const vendors: readonly (VendorEntry & { readonly id: VendorId })[] = vendorCatalog;

const entries = new Map<string, VendorEntry>(vendors.map((entry) => [entry.id, entry]));

export const vendorIds: readonly VendorId[] = vendors.map(({ id }) => id);

export const isVendorId = (id: unknown): id is VendorId => typeof id === "string" && entries.has(id);

/** @returns undefined for a vendor that is not in the catalog, e.g. of a newer studio. */
export const findVendor = (id: string): VendorEntry | undefined => entries.get(id);

/** A vendor whose id has been checked. */
export const vendorOf = (id: VendorId): VendorEntry => entries.get(id) as VendorEntry;
