"use client";

import { ActionIcon, CopyButton, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import classes from "./code.module.css";

/** Copies `value`; says so to screen readers too. */
export function Copy({ value, what }: { value: string; what: string }) {
  return (
    <CopyButton value={value} timeout={1600}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? "Copied" : `Copy ${what}`}>
          <ActionIcon onClick={copy} size="md" aria-label={`Copy ${what}`}>
            {copied ? <IconCheck size={16} color="var(--portico-good)" /> : <IconCopy size={16} />}
            <span className="visually-hidden" aria-live="polite">
              {copied ? `Copied ${what}` : ""}
            </span>
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

/** Text to read and copy: JSON, a command, a snippet. */
export function CodeBlock({ code, what, maxHeight = 360 }: { code: string; what: string; maxHeight?: number }) {
  return (
    <div className={classes.block}>
      {/* A scrolling region must be reachable by keyboard. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: as above. */}
      <section className={classes.scroll} style={{ maxHeight }} tabIndex={0} aria-label={what}>
        <pre className={classes.pre}>{code}</pre>
      </section>
      <div className={classes.copy}>
        <Copy value={code} what={what} />
      </div>
    </div>
  );
}

/** A short value in the mono face with a copy button: an id, a key, an address. */
export function CopyLine({ value, what }: { value: string; what: string }) {
  return (
    <span className={classes.line}>
      <code className={classes.value}>{value}</code>
      <Copy value={value} what={what} />
    </span>
  );
}
