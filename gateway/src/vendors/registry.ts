import { type AuthScheme, vendors as catalog, type DialectId, type VendorEntry } from "@portico/protocol/vendors";
import { AnthropicMeter } from "./anthropic.ts";
import { OpenAiMeter } from "./openai.ts";
import type { Vendor } from "./vendor.ts";

const meters: Record<DialectId, Vendor["meter"]> = {
  openai: () => new OpenAiMeter(),
  // Its endpoint for clients of OpenAI answers like OpenAI.
  anthropic: (endpoint) => (endpoint.name === "chat/completions" ? new OpenAiMeter() : new AnthropicMeter()),
};

const authHeaders = (auth: AuthScheme): Vendor["authHeaders"] =>
  auth.scheme === "bearer"
    ? (apiKey) => (apiKey ? ["authorization", `Bearer ${apiKey}`] : [])
    : (apiKey) => (apiKey ? [auth.header, apiKey] : []);

const createVendor = ({ id, dialect, auth, keyHeader }: VendorEntry): Vendor => ({
  id,
  dialect,
  keyHeader,
  authHeaders: authHeaders(auth),
  meter: meters[dialect],
});

const vendors = new Map<string, Vendor>(catalog.map((entry) => [entry.id, createVendor(entry)]));

/** @returns undefined for a vendor that this gateway does not know, e.g. one of a newer studio. */
export const vendorOf = (id: string): Vendor | undefined => vendors.get(id);
