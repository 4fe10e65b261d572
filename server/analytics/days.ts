import { z } from "zod";
import { Day } from "../fields/contract.ts";

/** Both days are included. */
export const days = { start_date: Day, end_date: Day };

/** Clients of the reference name the kind of traffic: of chat rooms or of gateways. "" is both. */
export const interaction = z
  .enum(["chat", "proxy", ""], "must be chat or proxy")
  .transform((kind) => kind || undefined)
  .optional();

const maxDays = 400;

export const notTooLong = ({ start_date, end_date }: { start_date?: Date | undefined; end_date?: Date | undefined }): boolean =>
  !start_date || !end_date || (end_date >= start_date && end_date.getTime() - start_date.getTime() <= maxDays * 86_400_000);

export const tooLong = { message: `must be at most ${maxDays} days after start_date, and not before it`, path: ["end_date"] };

export const dayMs = 86_400_000;

/** Every day from the first to the last, as YYYY-MM-DD. */
export function daysBetween(startDate: Date, endDate: Date): string[] {
  const found: string[] = [];
  for (let at = startDate.getTime(); at <= endDate.getTime(); at += dayMs) found.push(new Date(at).toISOString().slice(0, 10));
  return found;
}

export type Days = { startDate: Date; endDate: Date };

/** From the start of the first day up to the end of the last. */
export const spanOf = ({ startDate, endDate }: Days) => ({ from: startDate, to: new Date(endDate.getTime() + dayMs) });
