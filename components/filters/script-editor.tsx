"use client";

import { autocompletion, type CompletionContext, type CompletionResult, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { javascript } from "@codemirror/lang-javascript";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import { membersOf, topLevel } from "./script-names.ts";

const theme = EditorView.theme({
  "&": { fontSize: "13px", backgroundColor: "var(--portico-raised)", color: "var(--portico-ink)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--portico-mono)", lineHeight: "20px", minHeight: "280px", maxHeight: "560px" },
  ".cm-content": { caretColor: "var(--portico-ink)" },
  ".cm-cursor": { borderLeftColor: "var(--portico-ink)" },
  ".cm-gutters": { backgroundColor: "var(--portico-sunken)", color: "var(--portico-ink-3)", border: "none" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": {
    backgroundColor: "var(--portico-accent-soft)",
  },
  ".cm-tooltip": { backgroundColor: "var(--portico-raised)", borderColor: "var(--portico-line)", color: "var(--portico-ink)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--portico-accent)", color: "var(--portico-accent-ink)" },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword], color: "var(--portico-accent)" },
  { tag: [tags.string, tags.regexp], color: "var(--portico-warn)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--portico-info)" },
  { tag: tags.comment, color: "var(--portico-ink-3)", fontStyle: "italic" },
  { tag: tags.invalid, color: "var(--portico-bad)" },
]);

/** What a script can use, as it is typed: modules and their functions, fields of `input` and `output`. */
function complete(context: CompletionContext): CompletionResult | null {
  const member = context.matchBefore(/\b(\w+)\.(\w*)$/);
  if (member) {
    const [owner = "", typed = ""] = member.text.split(".");
    const options = membersOf(owner);
    return options.length > 0 ? { from: member.to - typed.length, options } : null;
  }
  const word = context.matchBefore(/\w+$/);
  return word || context.explicit ? { from: word?.from ?? context.pos, options: topLevel } : null;
}

/** The editor itself; script-field.tsx loads it when somebody begins to write. */
export default function ScriptEditor({
  value,
  label,
  problem,
  autoFocus,
  onChange,
}: {
  value: string;
  label: string;
  problem: { line: number; message: string } | null;
  autoFocus: boolean;
  onChange: (value: string) => void;
}) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const changed = useRef(onChange);
  changed.current = onChange;
  const first = useRef({ value, label, autoFocus });

  useEffect(() => {
    if (!host.current) return;
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: first.current.value,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          javascript(),
          syntaxHighlighting(colours),
          autocompletion({ override: [complete] }),
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, indentWithTab]),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": first.current.label, "aria-multiline": "true" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) changed.current(update.state.doc.toString());
          }),
          theme,
        ],
      }),
    });
    view.current = editor;
    if (first.current.autoFocus) editor.focus();
    return () => editor.destroy();
  }, []);

  // A template, or what somebody else saved.
  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    const line = problem && problem.line <= editor.state.doc.lines ? editor.state.doc.line(problem.line) : null;
    const marks = line && problem ? [{ from: line.from, to: line.to, severity: "error" as const, message: problem.message }] : [];
    editor.dispatch(setDiagnostics(editor.state, marks));
  }, [problem]);

  return <div ref={host} />;
}
