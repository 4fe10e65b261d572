"use client";

import { Input, Textarea } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import classes from "./filters.module.css";

// A fifth of a page's weight: it comes when somebody begins to write.
const ScriptEditor = lazy(() => import("./script-editor.tsx"));

/** A script: text at first sight, an editor with completion from the first touch. */
export function ScriptField({
  label,
  description,
  value,
  error,
  problem,
  onChange,
}: {
  label: string;
  description: string;
  value: string;
  error: string | undefined;
  /** Where the last run failed. */
  problem: { line: number; message: string } | null;
  onChange: (value: string) => void;
}) {
  const [isEditing, setEditing] = useState(false);
  const plain = (
    <Textarea
      label={label}
      description={description}
      required
      autosize
      minRows={12}
      maxRows={28}
      spellCheck={false}
      data-path="script"
      value={value}
      error={error}
      onChange={(event) => onChange(event.currentTarget.value)}
      onFocus={() => setEditing(true)}
      classNames={{ input: classes.plain ?? "" }}
    />
  );
  if (!isEditing) return plain;
  return (
    <Suspense fallback={plain}>
      <Input.Wrapper label={label} description={description} error={error} required labelElement="div">
        <div className={classes.editor} data-path="script">
          <ScriptEditor value={value} label={label} problem={problem} autoFocus onChange={onChange} />
        </div>
      </Input.Wrapper>
    </Suspense>
  );
}
