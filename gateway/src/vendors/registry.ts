import { type AuthScheme, vendors as catalog, type VendorEntry } from "@portico/protocol/vendors";
import { dialects } from "../dialects/dialects.ts";
import { joinUrl } from "./url.ts";
import type { Vendor } from "./vendor.ts";

const preparations: { [S in AuthScheme["scheme"]]: (auth: Extract<AuthScheme, { scheme: S }>) => Vendor["prepare"] } = {
  bearer: () => (call, credential) => {
    if (credential) call.headers.push("authorization", `Bearer ${credential}`);
    return call;
  },
  header:
    ({ header }) =>
    (call, credential) => {
      if (credential) call.headers.push(header, credential);
      return call;
    },
};

const preparationOf = (auth: AuthScheme): Vendor["prepare"] =>
  auth.scheme === "bearer" ? preparations.bearer(auth) : preparations.header(auth);

const createVendor = ({ id, dialect, auth, keyHeader }: VendorEntry): Vendor => ({
  id,
  dialect: dialects[dialect],
  keyHeader,
  needsBody: false,
  pathAt: joinUrl,
  prepare: preparationOf(auth),
});

const vendors = new Map<string, Vendor>(catalog.map((entry) => [entry.id, createVendor(entry)]));

/** @returns undefined for a vendor that this gateway does not know, e.g. one of a newer studio. */
export const vendorOf = (id: string): Vendor | undefined => vendors.get(id);
