"use client";

import { modals } from "@mantine/modals";
import { toast } from "../ui/toast.tsx";
import { SignInFields } from "./sign-in-fields.tsx";

let isOpen = false;

/** Signs in over the page as it is, for a session that ended while something on it was unsaved. */
export function signInAgain(): void {
  if (isOpen) return;
  isOpen = true;
  const id = modals.open({
    title: "Your session ended",
    size: 400,
    closeButtonProps: { "aria-label": "Close" },
    onClose: () => {
      isOpen = false;
    },
    children: (
      <SignInFields
        onSignedIn={() => {
          modals.close(id);
          toast("Signed in", "What you typed is still here; save it now.");
        }}
      />
    ),
  });
}
