"use client";

import { Button, Kbd } from "@mantine/core";
import Link from "next/link";
import type { ReactNode } from "react";
import { signInAgain } from "../auth/sign-in-again.tsx";
import { Notice } from "../ui/notice.tsx";
import classes from "./form-layout.module.css";
import { RemoteChanges } from "./remote-changes.tsx";
import type { EntityForm, FormProblem } from "./use-entity-form.ts";

/** One column of sections with the way out at the end; the state of saving is always in sight. */
export function FormLayout<T extends Record<string, unknown>>({
  entity,
  submitLabel,
  cancelHref,
  children,
}: {
  entity: EntityForm<T>;
  submitLabel: string;
  cancelHref: string;
  children: ReactNode;
}) {
  return (
    <form
      className={classes.form}
      noValidate
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        entity.submit();
      }}
    >
      {entity.problem && (
        <div className={classes.problem} data-form-problem tabIndex={-1}>
          <Notice tone="bad" title={entity.problem.title} action={<ProblemAction problem={entity.problem} />}>
            {entity.problem.lines.length === 1 ? (
              entity.problem.lines[0]
            ) : (
              <ul className={classes.lines}>
                {entity.problem.lines.map((line) => (
                  <li key={line}>{line}</li>
                ))}
              </ul>
            )}
          </Notice>
        </div>
      )}
      <RemoteChanges changes={entity.changes} by={entity.changedBy} labelOf={entity.labelOf} onChoose={entity.choose} />
      {children}
      <div className={classes.foot}>
        <Button type="submit" loading={entity.saving}>
          {submitLabel}
        </Button>
        <Button variant="default" component={Link} href={cancelHref}>
          Cancel
        </Button>
        {entity.changes.length > 0 && (
          <Button variant="light" color="warn" onClick={() => document.querySelector<HTMLElement>("[data-remote-changes]")?.focus()}>
            Review changes
          </Button>
        )}
        <span className={classes.state} aria-live="polite">
          {entity.dirty ? (
            <>
              Unsaved changes <Kbd>Ctrl</Kbd> <Kbd>S</Kbd>
            </>
          ) : (
            ""
          )}
        </span>
      </div>
    </form>
  );
}

function ProblemAction({ problem }: { problem: FormProblem }) {
  if (problem.isSignedOut)
    return (
      <Button size="xs" onClick={signInAgain}>
        Sign in
      </Button>
    );
  return problem.link ? (
    <Button size="xs" variant="default" component={Link} href={problem.link.href} target="_blank">
      {problem.link.label}
    </Button>
  ) : null;
}

/** A part of a form: what it settles, in a sentence, and its fields. */
export function FormSection({ title, lead, children }: { title: string; lead: ReactNode; children: ReactNode }) {
  return (
    <fieldset className={classes.section}>
      <legend className={classes.legend}>{title}</legend>
      <p className={classes.lead}>{lead}</p>
      <div className={classes.fields}>{children}</div>
    </fieldset>
  );
}
