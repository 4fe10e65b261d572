import { licenseOperation } from "@portico/plugin-services";
import type { Operation } from "../grpc/operation.ts";

/** What plugins may ask of the installation itself. */
export const systemOperations = (): Operation[] => [licenseOperation];
