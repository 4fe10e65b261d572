"use client";

import { ActionIcon, Popover, Tooltip } from "@mantine/core";
import { IconBell } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import { useState } from "react";
import type { UnreadCount } from "../../server/notifications/contract.ts";
import { q } from "../api/query.ts";
import classes from "./notifications.module.css";

const NotificationList = dynamic(() => import("./notification-list.tsx").then((module) => module.NotificationList));

const pollMs = 30_000;

/** How much happened that this person has not read, and the newest of it. */
export function NotificationBell() {
  const [isOpen, setOpen] = useState(false);
  const { data } = useQuery<UnreadCount>({ ...q("notifications", "/common/api/v1/notifications/unread/count"), refetchInterval: pollMs });
  const count = data?.count ?? 0;
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" width={340} trapFocus>
      <Popover.Target>
        <Tooltip label="Notifications">
          <ActionIcon
            className={classes.bell}
            aria-label={count === 0 ? "Notifications" : `Notifications, ${count} unread`}
            onClick={() => setOpen((open) => !open)}
          >
            <IconBell size={18} stroke={1.6} />
            {count > 0 && (
              <span className={classes.count} aria-hidden>
                {count > 99 ? "99+" : count}
              </span>
            )}
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown aria-label="Notifications">
        {isOpen && <NotificationList unread={count} close={() => setOpen(false)} />}
      </Popover.Dropdown>
    </Popover>
  );
}
