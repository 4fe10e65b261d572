"use client";

import { type UseFormReturnType, useForm } from "@mantine/form";
import { useHotkeys } from "@mantine/hooks";
import { useState } from "react";
import { ApiError, messageOf } from "../api/http.ts";
import { useDirtyGuard } from "./dirty-guard.ts";

/** What went wrong with the whole form rather than one field. */
export type FormProblem = { title: string; lines: string[]; requestId: string };

export type EntityForm<T extends Record<string, unknown>> = {
  form: UseFormReturnType<T>;
  problem: FormProblem | null;
  saving: boolean;
  dirty: boolean;
  submit: () => void;
};

const problemOf = (error: unknown, lines: string[]): FormProblem => {
  const requestId = error instanceof ApiError ? error.requestId : "";
  if (error instanceof ApiError && error.code === "hook_rejected") {
    const plugin = error.meta.plugin ?? error.meta.plugin_name;
    const name = typeof plugin === "string" ? plugin : "A plugin";
    return { title: `${name} refused this`, lines, requestId };
  }
  return { title: "Nothing was saved", lines, requestId };
};

/**
 * A form over one thing of the API. What the server says about a field appears at that field; the rest, above the form.
 * Ctrl-S saves; leaving with unsaved changes asks first.
 */
export function useEntityForm<T extends Record<string, unknown>>(options: {
  initial: T;
  /** Names of the API's fields where they differ from the form's, e.g. `{ cpit: "input" }`. */
  aliases?: Record<string, keyof T & string>;
  /** Faults found before asking the server, by field. */
  check?: (values: T) => Partial<Record<keyof T & string, string>>;
  save: (values: T) => Promise<void>;
}): EntityForm<T> {
  const form = useForm<T>({ mode: "controlled", initialValues: options.initial });
  const [problem, setProblem] = useState<FormProblem | null>(null);
  const [saving, setSaving] = useState(false);
  const dirty = form.isDirty();
  const guard = useDirtyGuard(dirty && !saving);

  const focusFirst = (fields: string[]) => {
    requestAnimationFrame(() => {
      const node = fields.map((field) => document.querySelector<HTMLElement>(`[data-path="${CSS.escape(field)}"]`)).find((found) => found);
      (node ?? document.querySelector<HTMLElement>("[data-form-problem]"))?.focus();
    });
  };

  const show = (error: unknown) => {
    const byField: Record<string, string> = {};
    const general: string[] = [];
    for (const issue of error instanceof ApiError ? error.issues : []) {
      const head = issue.field.split(".")[0] ?? "";
      const field = options.aliases?.[issue.field] ?? options.aliases?.[head] ?? (head in options.initial ? head : undefined);
      if (field === undefined) general.push(issue.field ? `${issue.field}: ${issue.detail}` : issue.detail);
      else byField[field] = byField[field] ? `${byField[field]} ${issue.detail}` : issue.detail;
    }
    if (general.length === 0 && Object.keys(byField).length === 0) general.push(messageOf(error));
    form.setErrors(byField);
    setProblem(general.length > 0 ? problemOf(error, general) : null);
    focusFirst(Object.keys(byField));
  };

  const submit = () => {
    if (saving) return;
    const values = form.getValues();
    const faults = options.check?.(values) ?? {};
    form.clearErrors();
    if (Object.keys(faults).length > 0) {
      form.setErrors(faults);
      setProblem(null);
      focusFirst(Object.keys(faults));
      return;
    }
    setSaving(true);
    setProblem(null);
    guard.pass();
    options
      .save(values)
      .then(() => form.resetDirty(values))
      .catch((error: unknown) => {
        guard.hold();
        show(error);
      })
      .finally(() => setSaving(false));
  };

  useHotkeys([["mod+S", submit]], []);
  return { form, problem, saving, dirty, submit };
}
