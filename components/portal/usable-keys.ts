import { q } from "../api/query.ts";

export const usableLlmsKey = q("llms", "/common/accessible-llms");
export const usableToolsKey = q("tools", "/common/accessible-tools");
export const selfServiceKey = q("groups", "/common/self-service");
