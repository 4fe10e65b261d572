"use client";

import { modals } from "@mantine/modals";
import { useRouter } from "next/navigation";
import { useCallback, useEffect, useRef } from "react";
import { type Guard, hasUnsavedChanges, holdPage, letGo } from "./unsaved.ts";

let isAsking = false;

/** Runs `go` at once when nothing would be lost by it, otherwise when the person agrees. */
export function askBeforeLosing(go: () => void): void {
  if (!hasUnsavedChanges()) {
    go();
    return;
  }
  if (isAsking) return;
  isAsking = true;
  modals.openConfirmModal({
    title: "Leave without saving?",
    children: "What you changed on this page is not saved yet.",
    labels: { confirm: "Leave", cancel: "Stay" },
    confirmProps: { color: "bad" },
    closeButtonProps: { "aria-label": "Close" },
    onClose: () => {
      isAsking = false;
    },
    onConfirm: () => {
      letGo();
      go();
    },
  });
}

/** Goes to a page of this site by other means than a link, which are guarded by themselves. */
export function useGo(): (href: string) => void {
  const router = useRouter();
  return useCallback((href) => askBeforeLosing(() => router.push(href)), [router]);
}

function guardLinks(push: (href: string) => void): () => void {
  const following = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[href]") : null;
    if (!link || link.target === "_blank" || link.origin !== location.origin || link.getAttribute("href")?.startsWith("#")) return;
    if (!hasUnsavedChanges()) return;
    event.preventDefault();
    event.stopPropagation();
    askBeforeLosing(() => push(link.pathname + link.search));
  };
  document.addEventListener("click", following, true);
  return () => document.removeEventListener("click", following, true);
}

function guardUnload(): () => void {
  const leaving = (event: BeforeUnloadEvent) => {
    if (hasUnsavedChanges()) event.preventDefault();
  };
  addEventListener("beforeunload", leaving);
  return () => removeEventListener("beforeunload", leaving);
}

/** Keeps unsaved changes from being lost: asks before a link is followed or Back is pressed, and lets the browser ask before it leaves. */
export function useDirtyGuard(dirty: boolean) {
  const router = useRouter();
  const guard = useRef<Guard>({ isPassing: false, ask: askBeforeLosing });
  useEffect(() => {
    if (!dirty) return;
    const undo = [holdPage(guard.current), guardLinks((href) => router.push(href)), guardUnload()];
    return () => {
      for (const each of undo) each();
    };
  }, [dirty, router]);
  return {
    /** A save is on its way: what it does next is not a loss. */
    pass: () => {
      guard.current.isPassing = true;
    },
    hold: () => {
      guard.current.isPassing = false;
    },
  };
}
