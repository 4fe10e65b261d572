import type { ReactNode } from "react";
import classes from "./status.module.css";

export type Tone = "good" | "warn" | "bad" | "info" | "idle";

/** A state in one word. Shape as well as colour tells it, so that it reads without colour. */
export function Status({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={classes.status} data-tone={tone}>
      <svg width="8" height="8" viewBox="0 0 8 8" aria-hidden="true" focusable="false">
        {tone === "good" && <circle cx="4" cy="4" r="4" />}
        {tone === "info" && <circle cx="4" cy="4" r="3" fill="none" stroke="currentColor" strokeWidth="2" />}
        {tone === "warn" && <path d="M4 0l4 8H0z" />}
        {tone === "bad" && <path d="M0 0h8v8H0z" />}
        {tone === "idle" && <path d="M0 3h8v2H0z" />}
      </svg>
      {children}
    </span>
  );
}
