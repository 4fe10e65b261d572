"use client";

import { Button, Group, PasswordInput } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { NamedSecretPicker } from "./named-secret-picker.tsx";
import classes from "./secret-field.module.css";

/** What the API reads as "keep the stored value". */
export const keptSecret = "[redacted]";

/** A value that can be written but never read back: kept, replaced or cleared, and always saying which. */
export function SecretField({
  label,
  description,
  value,
  stored,
  reference = "",
  takesReferences = false,
  clearable = true,
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
  /** What the stored value refers to, e.g. `$SECRET/OPENAI_KEY`; "" for a value of its own. */
  reference?: string;
  /** Whether a named secret may be chosen instead. */
  takesReferences?: boolean;
  clearable?: boolean;
  error?: string | undefined;
  onChange: (value: string) => void;
  path: string;
}) {
  const [replacing, setReplacing] = useState(!stored);
  const input = useRef<HTMLInputElement>(null);
  const asked = useRef(false);
  const [naming, setNaming] = useState(false);
  useEffect(() => {
    if (replacing && asked.current) input.current?.focus();
  }, [replacing]);

  if (replacing) {
    const shared = { label, description, value: value === keptSecret ? "" : value, error, "data-path": path };
    return (
      <div>
        {naming ? (
          <NamedSecretPicker {...shared} onChange={onChange} />
        ) : (
          <PasswordInput
            ref={input}
            {...shared}
            onChange={(event) => onChange(event.currentTarget.value)}
            autoComplete="new-password"
            spellCheck={false}
          />
        )}
        <Group gap={4} mt={4}>
          {takesReferences && (
            <Button
              variant="subtle"
              size="xs"
              onClick={() => {
                setNaming(!naming);
                onChange("");
              }}
            >
              {naming ? "Enter a value" : "Use a named secret"}
            </Button>
          )}
          {stored && (
            <Button
              variant="subtle"
              size="xs"
              onClick={() => {
                setReplacing(false);
                onChange(keptSecret);
              }}
            >
              Keep stored value
            </Button>
          )}
        </Group>
      </div>
    );
  }
  const cleared = value === "";
  return (
    <div>
      <div className="mantine-InputWrapper-label">{label}</div>
      {description && <div className="mantine-InputWrapper-description">{description}</div>}
      <div className={classes.row} data-path={path} tabIndex={-1}>
        <span className={cleared ? classes.cleared : "quiet"}>
          {cleared ? "Will be cleared when you save" : reference ? `Uses ${reference}` : "Stored value is kept"}
        </span>
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
        {clearable && (
          <Button variant="default" size="xs" onClick={() => onChange(cleared ? keptSecret : "")}>
            {cleared ? "Keep" : "Clear"}
          </Button>
        )}
      </div>
      {error && <div className="mantine-InputWrapper-error">{error}</div>}
    </div>
  );
}
