"use client";

import { type UseFormReturnType, useForm } from "@mantine/form";
import { useHotkeys } from "@mantine/hooks";
import { hashKey, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useEffect, useRef, useState } from "react";
import { ApiError, call, document as documentOf, messageOf } from "../api/http.ts";
import { api } from "../api/query.ts";
import type { One, Resource } from "../api/types.ts";
import { useDirtyGuard } from "./dirty-guard.ts";
import { fieldNamedIn } from "./field-named-in.ts";
import { changedFields, isSame, mergeChanges, type RemoteChange } from "./merge.ts";

/** What went wrong with the whole form rather than one field. */
export type FormProblem = {
  title: string;
  lines: string[];
  requestId: string;
  /** A page that explains or settles it. */
  link?: { href: string; label: string };
  isSignedOut?: boolean;
};

export type EntityForm<T extends Record<string, unknown>> = {
  form: UseFormReturnType<T>;
  problem: FormProblem | null;
  /** What somebody else saved while this was edited. */
  changes: RemoteChange[];
  /** Who saved it, where that is known. */
  changedBy: string | undefined;
  choose: (field: string, choice: "mine" | "theirs") => void;
  labelOf: (field: string) => string;
  saving: boolean;
  dirty: boolean;
  submit: () => void;
};

type Field<T> = keyof T & string;

export type EntityOptions<T extends Record<string, unknown>, A> = {
  /** Where things of this kind live, e.g. "llms" for /api/v1/llms. */
  root: string;
  /** The document's type where it is not the root. */
  type?: string;
  /** The thing as it is stored, with the version it was read in; absent for a new one. */
  stored?: { resource: Resource<A>; etag: string | undefined } | undefined;
  /** The form's values for a stored thing, or for a new one. */
  valuesOf: (attributes: A | undefined) => T;
  labels: Record<Field<T>, string>;
  /** What the API is sent for these values. Of a stored thing, only what differs from what was read. */
  attributesOf: (values: T) => Record<string, unknown>;
  /** Names of the API's fields where they differ from the form's, e.g. `{ cpit: "input" }`. */
  aliases?: Record<string, Field<T>>;
  /** Faults in words better than the server's, which finds them too, together with all others. */
  check?: (values: T) => Partial<Record<Field<T>, string>>;
  /** Faults that the server does not know of; with one of them nothing is sent. */
  checkFirst?: (values: T) => Partial<Record<Field<T>, string>>;
  /** How a new thing is sent where that is not a POST of a document to the root. */
  create?: (attributes: Record<string, unknown>) => Promise<One<A>>;
  /** @returns the page to go to. */
  onSaved: (saved: One<A>, values: T) => string;
};

const signedOut: FormProblem = {
  title: "Your session ended",
  lines: ["Nothing was saved, and nothing you typed is lost. Sign in, then save again."],
  requestId: "",
  isSignedOut: true,
};

function problemOf(error: unknown, lines: string[]): FormProblem {
  const requestId = error instanceof ApiError ? error.requestId : "";
  if (error instanceof ApiError && error.code === "hook_rejected") {
    const { plugin, plugin_id: id } = error.meta;
    const name = typeof plugin === "string" ? plugin : "A plugin";
    const link = typeof id === "number" ? { link: { href: `/admin/plugins/${id}`, label: `Open ${name}` } } : {};
    return { title: `${name} rejected this`, lines, requestId, ...link };
  }
  return { title: "Nothing was saved", lines, requestId };
}

const nameOf = (person: unknown): string | undefined =>
  typeof person === "object" && person !== null && "name" in person && typeof person.name === "string" ? person.name : undefined;

const focusFirst = (fields: string[]): void =>
  void requestAnimationFrame(() => {
    const node = fields.map((field) => document.querySelector<HTMLElement>(`[data-path="${CSS.escape(field)}"]`)).find((found) => found);
    (node ?? document.querySelector<HTMLElement>("[data-form-problem]"))?.focus();
  });

/**
 * A form over one thing of the API. What the server says about a field appears at that field; the rest, above the form. Ctrl-S saves;
 * leaving with unsaved changes asks first. What somebody else saves meanwhile is merged field by field and never overwritten unasked.
 */
export function useEntityForm<T extends Record<string, unknown>, A>(options: EntityOptions<T, A>): EntityForm<T> {
  const { root, stored, valuesOf, attributesOf } = options;
  const router = useRouter();
  const client = useQueryClient();
  const [initial] = useState(() => valuesOf(stored?.resource.attributes));
  const form = useForm<T>({ mode: "controlled", initialValues: initial });
  const [base, setBase] = useState(initial);
  const version = useRef(stored?.etag);
  const [changes, setChanges] = useState<RemoteChange[]>([]);
  const [changedBy, setChangedBy] = useState<string>();
  const [problem, setProblem] = useState<FormProblem | null>(null);
  const [saving, setSaving] = useState(false);
  const dirty = !isSame(form.getValues(), base);
  const guard = useDirtyGuard(dirty && !saving);
  const labelOf = (field: string) => (options.labels as Record<string, string>)[field] ?? field;

  /** Takes what is stored now as the ground to change. @returns whether that changed anything the form shows. */
  const adopt = (resource: Resource<A>, etag: string | undefined): boolean => {
    version.current = etag;
    const theirs = valuesOf(resource.attributes);
    const mine = form.getValues();
    const merged = mergeChanges({ base, mine, theirs });
    if (merged.changes.length === 0 && isSame(base, theirs)) return false;
    setBase(theirs);
    if (!isSame(mine, merged.values)) form.setValues(merged.values);
    // Nobody was editing: the form just shows what is stored.
    if (isSame(mine, base)) return merged.changes.length > 0;
    const fields = new Set(merged.changes.map((change) => change.field));
    setChanges((before) => [...before.filter((change) => !fields.has(change.field)), ...merged.changes]);
    return merged.changes.length > 0;
  };

  const storedKey = stored ? hashKey([valuesOf(stored.resource.attributes), stored.etag]) : "";
  // biome-ignore lint/correctness/useExhaustiveDependencies: another version stored is the trigger; a save of our own brings its own.
  useEffect(() => {
    if (stored && !saving) adopt(stored.resource, stored.etag);
  }, [storedKey, saving]);

  const choose = (field: string, choice: "mine" | "theirs") => {
    const change = changes.find((each) => each.field === field);
    if (!change) return;
    form.setValues({ [field]: change[choice] } as Partial<T>);
    setChanges(changes.map((each) => (each === change ? { ...each, choice } : each)));
  };

  const show = (error: unknown, own: Partial<Record<string, string>>) => {
    if (error instanceof ApiError && error.status === 401) {
      setProblem(signedOut);
      return focusFirst([]);
    }
    const byField: Record<string, string> = {};
    const general: string[] = [];
    for (const issue of error instanceof ApiError ? error.issues : []) {
      const head = issue.field.split(".")[0] ?? "";
      const named = options.aliases?.[issue.field] ?? options.aliases?.[head] ?? (head in initial ? head : undefined);
      // A plugin says in words which field it means.
      const isRule = error instanceof ApiError && error.code === "hook_rejected";
      const field = named ?? (isRule ? fieldNamedIn(issue.detail, options.labels as Record<string, string>) : undefined);
      if (field === undefined) general.push(issue.field ? `${issue.field}: ${issue.detail}` : issue.detail);
      else byField[field] = byField[field] ? `${byField[field]} ${issue.detail}` : issue.detail;
      if (isRule && field !== undefined) general.push(issue.detail);
    }
    for (const [field, fault] of Object.entries(own)) if (fault) byField[field] = fault;
    if (general.length === 0 && Object.keys(byField).length === 0) general.push(messageOf(error));
    form.setErrors(byField);
    setProblem(general.length > 0 ? problemOf(error, general) : null);
    focusFirst(Object.keys(byField));
  };

  const send = async (values: T, ground: T): Promise<One<A>> => {
    const type = options.type ?? root;
    const attributes = attributesOf(values);
    if (!stored && options.create) return options.create(attributes);
    if (!stored) return call<One<A>>("POST", `/api/v1/${root}`, documentOf(type, attributes));
    const changed = changedFields(attributesOf(ground), attributes);
    if (Object.keys(changed).length === 0) return { data: stored.resource };
    const path = `/api/v1/${root}/${encodeURIComponent(stored.resource.id)}`;
    return call<One<A>>("PATCH", path, documentOf(type, changed), { ifMatch: version.current });
  };

  /** Sends it; when only what the form does not show has changed meanwhile, once more. @returns undefined when there is something to choose. */
  const sendOver = async (values: T): Promise<One<A> | undefined> => {
    try {
      return await send(values, base);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 412 || !stored) throw error;
      setChangedBy(nameOf(error.meta.changed_by));
      const key = api.one(root, stored.resource.id);
      const now = await client.fetchQuery<One<A>>({ ...key, staleTime: 0 });
      return adopt(now.data, now.etag) ? undefined : send(values, valuesOf(now.data.attributes));
    }
  };

  const submit = () => {
    if (saving) return;
    const values = form.getValues();
    form.clearErrors();
    setProblem(null);
    if (changes.some((change) => change.choice === null)) {
      document.querySelector<HTMLElement>("[data-undecided] input")?.focus();
      return;
    }
    const first = options.checkFirst?.(values) ?? {};
    const own = { ...options.check?.(values), ...first } as Partial<Record<string, string>>;
    if (Object.keys(first).length > 0) {
      form.setErrors(own);
      focusFirst(Object.keys(own));
      return;
    }
    setSaving(true);
    guard.pass();
    sendOver(values)
      .then((saved) => {
        if (!saved) {
          guard.hold();
          requestAnimationFrame(() => document.querySelector<HTMLElement>("[data-remote-changes]")?.focus());
          return;
        }
        setBase(values);
        setChanges([]);
        if (stored) client.setQueryData(api.one(root, stored.resource.id).queryKey, saved);
        void client.invalidateQueries({ queryKey: [root] });
        router.push(options.onSaved(saved, values));
      })
      .catch((error: unknown) => {
        guard.hold();
        show(error, own);
      })
      .finally(() => setSaving(false));
  };

  useHotkeys([["mod+S", submit]], []);
  return { form, problem, changes, changedBy, choose, labelOf, saving, dirty, submit };
}
