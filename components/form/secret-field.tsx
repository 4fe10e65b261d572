"use client";

import { Button, PasswordInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import classes from "./secret-field.module.css";

/** What the API reads as "keep the stored value". */
export const keptSecret = "[redacted]";

/** A value that can be written but never read back: kept, replaced or cleared, and always saying which. */
export function SecretField({
  label,
  description,
  value,
  stored,
  error,
  onChange,
  path,
}: {
  label: string;
  description?: string;
  /** `keptSecret`, "" for none, or the new secret. */
  value: string;
  /** Whether the server holds one already. */
  stored: boolean;
  error?: string | undefined;
  onChange: (value: string) => void;
  path: string;
}) {
  const [replacing, setReplacing] = useState(!stored);
  const input = useRef<HTMLInputElement>(null);
  const asked = useRef(false);
  useEffect(() => {
    if (replacing && asked.current) input.current?.focus();
  }, [replacing]);

  if (replacing) {
    return (
      <div>
        <PasswordInput
          ref={input}
          label={label}
          description={description}
          value={value === keptSecret ? "" : value}
          error={error}
          onChange={(event) => onChange(event.currentTarget.value)}
          autoComplete="new-password"
          spellCheck={false}
          data-path={path}
        />
        {stored && (
          <Button
            variant="subtle"
            size="xs"
            mt={4}
            onClick={() => {
              setReplacing(false);
              onChange(keptSecret);
            }}
          >
            Keep stored value
          </Button>
        )}
      </div>
    );
  }
  const cleared = value === "";
  return (
    <div>
      <div className="mantine-InputWrapper-label">{label}</div>
      {description && <div className="mantine-InputWrapper-description">{description}</div>}
      <div className={classes.row} data-path={path} tabIndex={-1}>
        <span className={cleared ? classes.cleared : "quiet"}>{cleared ? "Will be cleared when you save" : "Stored value is kept"}</span>
        <Button
          variant="default"
          size="xs"
          onClick={() => {
            asked.current = true;
            setReplacing(true);
            onChange("");
          }}
        >
          Replace
        </Button>
        <Button variant="default" size="xs" onClick={() => onChange(cleared ? keptSecret : "")}>
          {cleared ? "Keep" : "Clear"}
        </Button>
      </div>
      {error && <div className="mantine-InputWrapper-error">{error}</div>}
    </div>
  );
}
