"use client";

import { modals } from "@mantine/modals";
import { useRouter } from "next/navigation";
import { useEffect, useRef } from "react";

/** Keeps unsaved changes from being lost: asks before a link is followed, and lets the browser ask before it leaves. */
export function useDirtyGuard(dirty: boolean) {
  const router = useRouter();
  const passing = useRef(false);
  useEffect(() => {
    if (!dirty) return;
    const leaving = (event: BeforeUnloadEvent) => {
      if (!passing.current) event.preventDefault();
    };
    const following = (event: MouseEvent) => {
      if (passing.current || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
      const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[href]") : null;
      if (!link || link.target === "_blank" || link.origin !== location.origin || link.getAttribute("href")?.startsWith("#")) return;
      event.preventDefault();
      event.stopPropagation();
      modals.openConfirmModal({
        title: "Leave without saving?",
        children: "What you changed on this page is not saved yet.",
        labels: { confirm: "Leave", cancel: "Stay" },
        confirmProps: { color: "bad" },
        onConfirm: () => {
          passing.current = true;
          router.push(link.pathname + link.search);
        },
      });
    };
    addEventListener("beforeunload", leaving);
    document.addEventListener("click", following, true);
    return () => {
      removeEventListener("beforeunload", leaving);
      document.removeEventListener("click", following, true);
    };
  }, [dirty, router]);
  return {
    /** A save is on its way: what it does next is not a loss. */
    pass: () => {
      passing.current = true;
    },
    hold: () => {
      passing.current = false;
    },
  };
}
