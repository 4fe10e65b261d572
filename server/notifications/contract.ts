import { z } from "zod";
import { queryInteger } from "../fields/contract.ts";

/** A notification as the reference's clients read it. */
export const NotificationRow = z.object({
  ID: z.number(),
  CreatedAt: z.string(),
  UpdatedAt: z.string(),
  DeletedAt: z.null(),
  /** What it is about and whom it is for: the same is never sent twice. */
  NotificationID: z.string(),
  Type: z.string(),
  Title: z.string(),
  /** Plain text. */
  Content: z.string(),
  UserID: z.number(),
  Read: z.boolean(),
  SentAt: z.string(),
  /** Page of the dashboard or the portal that it is about; "" for none. */
  Link: z.string(),
});
export type NotificationRow = z.infer<typeof NotificationRow>;

export const NotificationQuery = z.object({
  limit: queryInteger({ min: 1, max: 100 }).default(20),
  offset: queryInteger({ min: 0, max: 1_000_000 }).default(0),
});
export type NotificationQuery = z.infer<typeof NotificationQuery>;

export const UnreadCount = z.object({ count: z.number() });
export type UnreadCount = z.infer<typeof UnreadCount>;
