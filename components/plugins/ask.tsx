"use client";

import { Button, Group } from "@mantine/core";
import { modals } from "@mantine/modals";
import type { ConfirmRequest } from "@portico/plugin-bridge";
import classes from "../ui/confirm.module.css";

/** One at a time: a plugin cannot stack dialogs. */
let isOpen = false;

/** Asks in a plugin's name and says so. Nobody is asked who has not just clicked or pressed a key; that is a no, as closing the dialog is. */
export function askForPlugin(pluginName: string, { message, verb }: ConfirmRequest): Promise<boolean> {
  if (isOpen || navigator.userActivation?.isActive !== true) return Promise.resolve(false);
  isOpen = true;
  return new Promise((resolve) => {
    const answer = (yes: boolean) => {
      resolve(yes);
      modals.close(id);
    };
    const id = modals.open({
      title: `${pluginName} asks`,
      size: 460,
      closeButtonProps: { "aria-label": "Close" },
      onClose: () => {
        isOpen = false;
        resolve(false);
      },
      children: (
        <div className={classes.body}>
          <p style={{ whiteSpace: "pre-wrap" }}>{message}</p>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" data-autofocus onClick={() => answer(false)}>
              Cancel
            </Button>
            <Button onClick={() => answer(true)}>{verb || "Continue"}</Button>
          </Group>
        </div>
      ),
    });
  });
}
