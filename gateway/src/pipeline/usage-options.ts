import type { Llm } from "../config/routing-table.ts";

/** LLMs whose vendor refused to be asked for usage, until their configuration changes. */
const refusing = new WeakSet<Llm>();

export const refusesUsageOptions = (llm: Llm): boolean => refusing.has(llm);
export const noteRefusal = (llm: Llm): void => void refusing.add(llm);

/** A longer answer is no refusal of a field. */
export const refusalBytes = 64 * 1024;
