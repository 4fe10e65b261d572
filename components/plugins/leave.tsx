"use client";

import { Button, Group } from "@mantine/core";
import { modals } from "@mantine/modals";
import type { Destination } from "../shell/links.ts";
import classes from "../ui/confirm.module.css";

/** One at a time: a plugin cannot stack dialogs. */
let shown: string | undefined;

function LeaveBody({ pluginName, destination, close }: { pluginName: string; destination: Destination; close: () => void }) {
  return (
    <div className={classes.body}>
      <p>
        A link on the page of the plugin {pluginName} leads to <strong>{destination.host}</strong>, outside this product. Whatever is in the
        address reaches that site.
      </p>
      <code>{destination.url}</code>
      <Group justify="flex-end" gap="xs">
        <Button variant="default" data-autofocus onClick={close}>
          Cancel
        </Button>
        <Button component="a" href={destination.url} target="_blank" rel="noopener noreferrer" onClick={close}>
          Open
        </Button>
      </Group>
    </div>
  );
}

/** Asks before a plugin's link leads elsewhere. Nothing is opened, or asked, unless somebody has just clicked or pressed a key. */
export function askToLeave(pluginName: string, destination: Destination): void {
  if (shown !== undefined || navigator.userActivation?.isActive !== true) return;
  const id = modals.open({
    title: `Open ${destination.host}?`,
    size: 520,
    closeButtonProps: { "aria-label": "Close" },
    onClose: () => {
      shown = undefined;
    },
    children: <LeaveBody pluginName={pluginName} destination={destination} close={() => modals.close(id)} />,
  });
  shown = id;
}
