import { findVendor, vendors } from "@portico/protocol/vendors";

export const vendorOptions = vendors.map(({ id, label }) => ({ value: id, label }));

/** Where forms begin. */
export const firstVendor = vendors[0] as (typeof vendors)[number];

export const vendorLabel = (vendor: string): string => findVendor(vendor)?.label ?? vendor;
