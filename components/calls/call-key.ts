import { q } from "../api/query.ts";

/** A call by its request id. */
export const callKey = (requestId: string) => q("calls", `/api/v1/analytics/calls/${encodeURIComponent(requestId)}`);
