import { notFound } from "@portico/core";
import { z } from "zod";
import { IdParam } from "../http/contract.ts";
import { endpoint } from "../http/endpoint.ts";
import { NotificationQuery, NotificationRow, UnreadCount } from "./contract.ts";
import type { Notification, NotificationStore } from "./store.ts";

const root = "/common/api/v1/notifications";

/** Everybody's own notifications, in the reference's shapes. */
export const notificationEndpoints = ({ store }: { store: NotificationStore }) => [
  endpoint({
    method: "GET",
    path: root,
    summary: "List your notifications, newest first",
    permission: "user",
    query: NotificationQuery,
    result: z.array(NotificationRow),
    handle: async ({ actor, query }) => ({ json: (await store.list(actor.userId, query)).map(toRow) }),
  }),
  endpoint({
    method: "GET",
    path: `${root}/unread/count`,
    summary: "Count your unread notifications",
    permission: "user",
    result: UnreadCount,
    handle: async ({ actor }) => ({ json: { count: await store.unread(actor.userId) } }),
  }),
  endpoint({
    method: "PUT",
    path: `${root}/read-all`,
    status: 204,
    summary: "Mark all your notifications as read",
    permission: "user",
    async handle({ actor }) {
      await store.markAllRead(actor.userId);
      return undefined;
    },
  }),
  endpoint({
    method: "PUT",
    path: `${root}/:id/read`,
    status: 204,
    summary: "Mark one of your notifications as read",
    permission: "user",
    params: IdParam,
    async handle({ actor, params }) {
      if (!(await store.markRead(actor.userId, params.id))) throw notFound("Notification");
      return undefined;
    },
  }),
];

const toRow = (notification: Notification): NotificationRow => ({
  ID: notification.id,
  CreatedAt: notification.createdAt.toISOString(),
  UpdatedAt: notification.updatedAt.toISOString(),
  DeletedAt: null,
  NotificationID: notification.key,
  Type: notification.type,
  Title: notification.title,
  Content: notification.content,
  UserID: notification.userId,
  Read: notification.read,
  SentAt: notification.createdAt.toISOString(),
  Link: notification.link,
});
