import type { Feature } from "../feature.ts";
import type { OpenApiDocument } from "./contract.ts";
import { type ReadyCheck, systemEndpoints } from "./endpoints.ts";
import { systemOperations } from "./operations.ts";

/** What is known of the whole installation: health, readiness, features, the API's own description. */
export const createSystem = (of: {
  checks: ReadyCheck[];
  gatewayUrl: string;
  version: string;
  openapi: () => OpenApiDocument;
}): Feature => ({
  endpoints: systemEndpoints(of),
  operations: systemOperations(),
});
