"use client";

import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import Link from "next/link";
import type { NotificationRow } from "../../server/notifications/contract.ts";
import { call } from "../api/http.ts";
import { q } from "../api/query.ts";
import { Failure } from "../ui/notice.tsx";
import { Ago } from "../ui/time.tsx";
import { toastError } from "../ui/toast.tsx";
import classes from "./notifications.module.css";

const path = "/common/api/v1/notifications";

/** The newest notifications; opening one marks it as read. */
export function NotificationList({ unread, close }: { unread: number; close: () => void }) {
  const client = useQueryClient();
  const list = useQuery<NotificationRow[]>(q("notifications", `${path}?limit=20`));
  const mark = useMutation({
    mutationFn: (id: number | "all") => call("PUT", id === "all" ? `${path}/read-all` : `${path}/${id}/read`),
    onSettled: () => client.invalidateQueries({ queryKey: ["notifications"] }),
    onError: (error) => toastError("Nothing was marked as read", error),
  });
  return (
    <>
      <div className={classes.head}>
        <strong>Notifications</strong>
        {unread > 0 && (
          <Button variant="subtle" size="xs" loading={mark.isPending} onClick={() => mark.mutate("all")}>
            Mark all as read
          </Button>
        )}
      </div>
      {list.error && <Failure what="the list" error={list.error} retry={() => void list.refetch()} />}
      {list.data?.length === 0 && <p className="quiet">Nothing yet. New apps and spent budgets are shown here.</p>}
      <ul className={classes.list}>
        {(list.data ?? []).map((one) => (
          <li key={one.ID} data-unread={!one.Read || undefined} className={classes.item}>
            <Link
              href={one.Link}
              className={classes.link}
              onClick={() => {
                if (!one.Read) mark.mutate(one.ID);
                close();
              }}
            >
              {one.Title}
              {!one.Read && <span className="visually-hidden"> (unread)</span>}
            </Link>
            <span className="quiet">{one.Content}</span>
            <span className="quiet">
              <Ago at={one.SentAt} />
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
