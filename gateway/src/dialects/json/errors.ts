import { isObject } from "./json.ts";

/** Whether an event may tell of an error: generated text cannot match, as its quotes are escaped. */
export const mayTellError = (data: string): boolean => data.includes('error"') || data.includes('failed"');

/** An error that comes under a status of success: an error object, an event of an error, or a response that has failed. */
export function isErrorAnswer(answer: unknown): boolean {
  if (!isObject(answer)) return false;
  const { error, type } = answer;
  if (isObject(error) || (typeof error === "string" && error !== "")) return true;
  return type === "error" || type === "response.failed" || (answer.object === "response" && answer.status === "failed");
}
