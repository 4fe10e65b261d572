import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { ApiError, messageOf } from "../api/http.ts";
import classes from "./notice.module.css";
import type { Tone } from "./status.tsx";

/** Something the reader must know, in place. `bad` is announced at once, the others politely. */
export function Notice({ tone, title, children, action }: { tone: Tone; title: ReactNode; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className={classes.notice} data-tone={tone} role={tone === "bad" ? "alert" : "status"}>
      <div className={classes.words}>
        <strong>{title}</strong>
        {children && <div className={classes.body}>{children}</div>}
      </div>
      {action && <div>{action}</div>}
    </div>
  );
}

/** A read that failed: what happened, the id to quote, and a way to try again. */
export function Failure({ what, error, retry }: { what: string; error: unknown; retry?: () => void }) {
  return (
    <Notice
      tone="bad"
      title={`${what.charAt(0).toUpperCase()}${what.slice(1)} could not be loaded`}
      action={
        retry && (
          <Button variant="default" size="xs" onClick={retry}>
            Try again
          </Button>
        )
      }
    >
      {messageOf(error)}
      {error instanceof ApiError && error.requestId && (
        <>
          {" "}
          Request <code>{error.requestId}</code>.
        </>
      )}
    </Notice>
  );
}
