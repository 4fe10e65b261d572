import type { Operation } from "./operation.ts";

/** Every feature is there, without an end: what plugins read as a community license. */
export const licenseOperation: Operation<unknown> = {
  rpc: "getLicenseInfo",
  scope: "none",
  handle: () => ({
    licenseValid: true,
    daysRemaining: -1,
    licenseType: "community",
    entitlements: [],
    organization: "",
    expiresAt: undefined,
  }),
};
